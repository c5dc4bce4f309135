/** Versions in the tree: those that are looked at, and where the one at the right stands among them. */
import { useEffect, useState } from "preact/hooks";
import type { VersionView } from "../../client/index.ts";
import { PART, type Sparse, useSparse } from "../parts/sparse.ts";
import { revisionOf } from "../shell/live.ts";
import type { VersionPlace } from "../shell/routes.ts";
import { client, loginRevision } from "../shell/session.ts";
import { type VersionFilter, versionsCall } from "./calls.ts";

/** Versions of the chosen artifact. */
export function useVersions(place: VersionPlace, filter: VersionFilter): Sparse<VersionView> {
  const { team, experiment, type, name } = place;
  const params = type === undefined || name === undefined ? undefined : { team, experiment, type, name };
  return useSparse(
    params === undefined ? "" : JSON.stringify([params, filter, loginRevision.value]),
    async (offset, limit, signal) => {
      if (params === undefined) return { items: [], offset, total: 0 };
      return client.call("versions", { ...versionsCall(params, filter, { offset, limit }), signal });
    },
    params === undefined ? 0 : revisionOf(params),
  );
}

/** Where the shown version stands among all of the artifact; `undefined` while that is not known. */
export function useIndexOf(
  place: VersionPlace,
  shown: string | undefined,
  filter: VersionFilter,
  versions: Sparse<VersionView>,
): number | undefined {
  const [index, setIndex] = useState<number>();
  const { team, experiment, type, name } = place;
  const revision = type === undefined || name === undefined ? 0 : revisionOf({ team, experiment, type, name });
  const first = indexAmongFirst(versions, shown);
  // Most often it is one of the newest, which are here anyway.
  const isAsked = first === undefined && versions.count !== undefined && shown !== undefined;
  useEffect(() => {
    setIndex(undefined);
    if (type === undefined || name === undefined || !isAsked) return;
    const controller = new AbortController();
    const params = { team, experiment, type, name };
    const call = versionsCall(params, filter, { limit: PART, at: shown });
    client.call("versions", { ...call, signal: controller.signal }).then(
      ({ items, offset }) => {
        const at = items.findIndex(({ version }) => version === shown);
        setIndex(at < 0 ? undefined : offset + at);
      },
      () => undefined,
    );
    return () => controller.abort();
  }, [team, experiment, type, name, shown, isAsked, filter.text, filter.removed, revision]);
  return first ?? index;
}

function indexAmongFirst(versions: Sparse<VersionView>, shown: string | undefined): number | undefined {
  if (shown === undefined) return undefined;
  for (let at = 0; at < Math.min(PART, versions.count ?? 0); at++) if (versions.at(at)?.version === shown) return at;
  return undefined;
}
