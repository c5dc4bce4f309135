/** All that is known of a version. */
import { type ComponentChildren, Fragment, type JSX } from "preact";
import type { RunView } from "../../client/index.ts";
import { RunState, runHref } from "../pages/run-table.tsx";
import { Copy, Digest } from "../parts/bits.tsx";
import { count, exactly, size } from "../parts/text.ts";
import { hrefOf } from "../shell/routes.ts";
import { JsonView } from "./json-view.tsx";
import { here, type VersionProps } from "./place.ts";

/** The tab Overview. */
export function Overview(props: VersionProps): JSX.Element {
  return (
    <div class="overview-columns">
      <section class="part" aria-labelledby="of-version">
        <h2 class="minor" id="of-version">
          Version
        </h2>
        <OfVersion {...props} />
      </section>
      <section class="part" aria-labelledby="of-artifact">
        <h2 class="minor" id="of-artifact">
          Artifact
        </h2>
        <OfArtifact version={props.version} />
        <h2 class="minor next">Metadata</h2>
        <JsonView value={props.version.metadata} />
      </section>
    </div>
  );
}

function OfVersion({ place, version }: VersionProps): JSX.Element {
  const { team, experiment, name, files, entries } = version;
  const fullName = `${team}/${experiment}/${name}/${version.version}`;
  const to = (number: string): JSX.Element => <a href={hrefOf(here(place, { version: number }))}>{number}</a>;
  return (
    <dl class="definition">
      <Row name="Full name">
        <code class="name">
          {fullName.split("/").map((part, at) => (
            <Fragment key={at}>
              {at > 0 && (
                <>
                  /<wbr />
                </>
              )}
              {part}
            </Fragment>
          ))}
        </code>
        <Copy text={fullName} what="the full name" />
      </Row>
      <Row name="Digest of the content">
        <Digest value={version.digest} what="the digest of the content" />
      </Row>
      <Row name="Version id">
        <Digest value={version.id} what="the version id" />
      </Row>
      <Row name="Created">{exactly(version.createdAt)}</Row>
      <Row name="Created by">
        <span class="name">{version.createdBy}</span>
      </Row>
      <Row name="Size">
        {size(version.bytes)} <span class="soft">({count(version.bytes)} bytes)</span>
      </Row>
      <Row name="Files">
        {count(files)}
        {entries !== files && (
          <span class="soft"> of {count(entries)} entries: empty folders, links and references too</span>
        )}
      </Row>
      <Row name="New bytes">
        {size(version.newBytes)} {version.bytes > 0 && <Share version={version} />}
      </Row>
      <Row name="Came from">
        {version.parent === null ? <span class="soft">nothing before</span> : to(version.parent)}
      </Row>
      {version.sameAs.length > 0 && <Row name="Same content as">{version.sameAs.map(to)}</Row>}
    </dl>
  );
}

function OfArtifact({ version }: Pick<VersionProps, "version">): JSX.Element {
  const { team, experiment, type } = version;
  return (
    <dl class="definition">
      <Row name="Type">
        <span class="name">{type}</span>
      </Row>
      <Row name="Owner team">
        <a class="name" href={hrefOf({ page: "team", team })}>
          {team}
        </a>
      </Row>
      <Row name="Owner experiment">
        <a class="name" href={hrefOf({ page: "chart", team, experiment })}>
          {experiment}
        </a>
      </Row>
      <Row name="Made by">
        <RunLinks runs={version.madeBy} />
      </Row>
      <Row name="Used by">
        <RunLinks runs={version.usedBy} />
      </Row>
    </dl>
  );
}

function Row({ name, children }: { readonly name: string; readonly children: ComponentChildren }): JSX.Element {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

function Share({ version: { bytes, newBytes } }: Pick<VersionProps, "version">): JSX.Element {
  const share = Math.round((1 - Math.min(1, newBytes / bytes)) * 100);
  return <span class="soft">({share} % was stored already, or is repeated)</span>;
}

function RunLinks({ runs }: { readonly runs: readonly RunView[] }): JSX.Element {
  if (runs.length === 0) return <span class="soft">no run that is known</span>;
  return (
    <ul class="run-links">
      {runs.map((run) => (
        <li key={run.id}>
          <a class="name" href={runHref(run)}>
            {run.name}
          </a>{" "}
          <RunState run={run} />
        </li>
      ))}
    </ul>
  );
}
