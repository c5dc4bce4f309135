/** The files ~/.aws/config and ~/.aws/credentials: sections of names and values. */

/** The settings of one profile. */
export type AwsProfile = Readonly<Record<string, string | undefined>>;

/** Reads a file of either kind: profiles by name. What cannot be read as a setting is passed over, as the AWS tools do. */
export function parseProfiles(text: string): ReadonlyMap<string, AwsProfile> {
  const profiles = new Map<string, Record<string, string>>();
  let current: Record<string, string> | undefined;
  for (const line of text.split(/\r?\n/)) {
    // Lines that begin with a blank go on with a setting of several lines, none of which is ours.
    if (/^\s*([#;]|$)/.test(line) || /^\s/.test(line)) continue;
    const section = /^\[\s*([^\]]+?)\s*\]/.exec(line)?.[1];
    if (section !== undefined) {
      const name = profileName(section);
      current = name === undefined ? undefined : (profiles.get(name) ?? Object.create(null));
      if (name !== undefined && current !== undefined) profiles.set(name, current as Record<string, string>);
      continue;
    }
    const at = line.indexOf("=");
    if (at < 1 || current === undefined) continue;
    // A comment behind a value stands behind a blank.
    const value = line.slice(at + 1).replace(/\s[#;].*$/, "");
    current[line.slice(0, at).trim().toLowerCase()] = value.trim();
  }
  return profiles;
}

/** In the config file a profile's section is "profile NAME", but for the default one; other sections are not profiles. */
function profileName(section: string): string | undefined {
  const [first, ...rest] = section.split(/\s+/);
  if (rest.length === 0) return first;
  return first === "profile" ? rest.join(" ").replace(/^(["'])(.*)\1$/, "$2") : undefined;
}
