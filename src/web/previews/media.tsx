/** Images, sounds and films, shown by the browser from the server, which gives only what is looked at. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Awaited } from "../parts/bits.tsx";
import { useLoad } from "../parts/load.ts";
import { plainly, size } from "../parts/text.ts";
import { type PreviewProps, shownAt } from "./source.ts";

/** The preview. */
export function Media({ source, head, kind }: PreviewProps & { kind: "image" | "audio" | "video" }): JSX.Element {
  // Tickets end: an address is not kept beyond this look.
  const url = useLoad(`url/${JSON.stringify(source)}/${head.digest}`, () => shownAt(source));
  const [measures, setMeasures] = useState("");
  const [isBroken, setBroken] = useState(false);
  const name = plainly(source.path.split("/").at(-1) ?? "");
  if (isBroken) return <p class="soft">The browser cannot show this {kind}. It can be downloaded.</p>;
  const onError = (): void => setBroken(true);
  return (
    <Awaited of={url} what={kind}>
      {(src) => (
        <figure class="media">
          {kind === "image" && (
            <img
              src={src}
              alt={name}
              onError={onError}
              onLoad={({ currentTarget }) =>
                setMeasures(`${currentTarget.naturalWidth} × ${currentTarget.naturalHeight}, `)
              }
            />
          )}
          {/* biome-ignore lint/a11y/useMediaCaption: stored files come without captions */}
          {kind === "audio" && <audio controls preload="metadata" src={src} onError={onError} aria-label={name} />}
          {/* biome-ignore lint/a11y/useMediaCaption: stored files come without captions */}
          {kind === "video" && <video controls preload="metadata" src={src} onError={onError} aria-label={name} />}
          <figcaption class="soft small">
            {measures}
            {size(head.size)}
          </figcaption>
        </figure>
      )}
    </Awaited>
  );
}
