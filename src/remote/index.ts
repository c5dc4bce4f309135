/** The port of remotes, its kinds and wrappers: keys and bytes, nothing of digests or versions. */
export { type Bandwidth, slowedRemote } from "./bandwidth.ts";
export {
  type CheckRemoteOptions,
  checkRemote,
  type RemoteFinding,
  type RemoteReport,
  type RemoteVerdict,
} from "./check.ts";
export { checkedRemote } from "./checked.ts";
export { type DryChange, type DryRunOptions, dryRemote } from "./dry-run.ts";
export { remoteError } from "./errors.ts";
export { KEY_LENGTH_MAX, keyProblem, prefixProblem } from "./key.ts";
export { limitedRemote } from "./limit.ts";
export { Meter } from "./meter.ts";
export { type OpenRemoteOptions, openRemote } from "./open.ts";
export {
  BODY_BYTES_MAX,
  defaultTraits,
  type ListedKey,
  type OnTraffic,
  type Remote,
  type RemoteCallOptions,
  type RemoteRange,
  type RemoteTraits,
} from "./remote.ts";
export { type RetryOptions, retryingRemote } from "./retry.ts";
export type { AwsCredentials } from "./s3/sign.ts";
export { impatientRemote, STALL_MS } from "./stall.ts";
export { isLoopback, parseRemoteUrl, type RemoteAddress } from "./url.ts";
export {
  KEYS_PATH,
  keyOfPath,
  LIST_KEYS_MAX,
  LIST_PATH,
  PROTOCOL_HEADER,
  PROTOCOL_VERSION,
  parseListQuery,
  parseRange,
  type RemotePermission,
  type WireCode,
  type WireError,
  type WireList,
  wireCodes,
} from "./wire.ts";
