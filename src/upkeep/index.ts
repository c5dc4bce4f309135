/** Looking after a store: verification. */
export {
  type Problem,
  type ProblemKind,
  type VerifyOptions,
  type VerifyResult,
  verifyStore,
  verifyVersions,
} from "./verify.ts";
