/** What the machine itself can do: ordinary programs that only read, walk or copy the same tree in the same run. */

const everyFile = "find . -type f -print0 | xargs -0";

export const limits = {
  "cp -r": {
    meaning: "the tree copied: every byte read and written once, without flush",
    commands: ({ tree, copy }) => [{ argv: ["cp", "-r", tree, copy] }],
  },
  "find -printf": {
    meaning: "every path walked and its size and times printed",
    commands: ({ tree }) => [{ argv: ["sh", "-c", `find "$0" -printf '%p %s %T@ %C@ %i\\n' > /dev/null`, tree] }],
  },
  cat: {
    meaning: "every byte read",
    commands: ({ tree }) => [{ argv: ["sh", "-c", `${everyFile} cat > /dev/null`], cwd: tree }],
  },
  b3sum: {
    meaning: "every byte read and hashed with BLAKE3, on all cores",
    commands: ({ tree }) => [{ argv: ["sh", "-c", `${everyFile} b3sum > /dev/null`], cwd: tree }],
  },
  tar: {
    meaning: "every file read into one stream",
    // Straight to /dev/null tar would not read the files.
    commands: ({ tree }) => [{ argv: ["sh", "-c", "tar cf - . | cat > /dev/null"], cwd: tree }],
  },
};
