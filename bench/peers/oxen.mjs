import path from "node:path";
import { fileURLToPath } from "node:url";
import { pythonWith } from "./find.mjs";

const driver = fileURLToPath(new URL("oxen-steps.py", import.meta.url));

/** Whole files. Its store is in the workspace, where it also writes versions out. */
export function oxen() {
  const found = pythonWith("oxen", "oxenai");
  return {
    name: "oxen",
    version: found?.version,
    note: "whole files; through its Python library",
    leavesOut: {},
    begin: ({ workspace, tree }) => {
      const call = (...args) => ({ argv: [found.python, driver, ...args] });
      const move = (from, to) => ({ argv: ["mv", "-T", from, to], untimed: true });
      return {
        store: path.join(workspace, ".oxen"),
        init: () => [call("init", workspace)],
        add: (label) => [call("add", workspace, label)],
        restore: (label, target) => [
          move(tree, `${tree}.kept`),
          call("restore", workspace, label),
          move(tree, target),
          move(`${tree}.kept`, tree),
        ],
      };
    },
  };
}
