/** Looking after a store: verification. */
export type { Problem, ProblemKind } from "./problem.ts";
export {
  type VerifyOptions,
  type VerifyResult,
  verifyStore,
  verifyVersions,
} from "./verify.ts";
