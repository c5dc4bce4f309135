/** The lines that fetch what is on screen: on the command line, in a program, with curl. Pure. */
import { pathOf, type VersionParams } from "../../client/index.ts";

/** What is fetched: a version, a folder of it, or one file. */
export interface Fetched extends VersionParams {
  /** Of the version's folder "" and of a file its path. */
  readonly path: string;
  readonly isFile: boolean;
}

/** A line for each way. */
export interface FetchLines {
  readonly command: string;
  readonly library: string;
  readonly curl: string;
}

/** The lines. `origin` is the server's, and `isPrivate` says whether curl needs a token. */
export function fetchLines(what: Fetched, origin: string, isPrivate: boolean): FetchLines {
  const { team, experiment, type, name, version, path, isFile } = what;
  const params: VersionParams = { team, experiment, type, name, version };
  const ref = `${team}/${experiment}/${name}:${version}`;
  const out = path.split("/").at(-1) || `${name}-${version}`;
  const ask = `{ team: ${js(team)}, experiment: ${js(experiment)}, type: ${js(type)}, name: ${js(name)}, tag: ${js(version)} }`;
  const token = isPrivate ? ' -H "Authorization: Bearer $ARTIFOLD_TOKEN"' : "";
  if (isFile) {
    const url = origin + pathOf("file", { params, query: { path } });
    return {
      command: `artifold cat ${shell(`${ref}/${path}`)} --type ${shell(type)} > ${shell(out)}`,
      library: `const version = await store.getArtifact(${ask});\nawait version.read(${js(path)});`,
      curl: `curl -fL${token} -o ${shell(out)} ${shell(url)}`,
    };
  }
  const url = origin + pathOf("archive", { params, query: { format: "zip", ...(path !== "" && { folder: path }) } });
  const within = path === "" ? "" : ` --path ${shell(`${globOf(path)}/**`)}`;
  const filter = path === "" ? "" : `, { path: [${js(`${globOf(path)}/**`)}] }`;
  return {
    command: `artifold download ${shell(ref)} --type ${shell(type)}${within}`,
    library: `const version = await store.getArtifact(${ask});\nawait version.download(${js(`./${out}`)}${filter});`,
    curl: `curl -fL${token} -o ${shell(`${out}.zip`)} ${shell(url)}`,
  };
}

/** A word as a shell takes it, as it is where nothing in it means anything to one. */
export function shell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function js(text: string): string {
  return JSON.stringify(text);
}

/** A path as a glob that fits it alone. */
function globOf(path: string): string {
  return path.replace(/[\\*?[\]{}()!@+]/g, "\\$&");
}
