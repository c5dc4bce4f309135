/** What the machine itself can do: ordinary programs that only read, walk or copy the same tree in the same run. */
const everyFile = "find . -type f -print0 | xargs -0 -r";

/** Each with what it means, and the command. A contender like the others, whose steps are these. */
export const limits = {
  "cp -r": {
    meaning: "`cp -r` of the tree, and a sync of the file system; on XFS with `--reflink=always`",
    commands: ({ tree, scratch, fileSystem }) => [
      {
        argv: [
          "sh",
          "-c",
          `cp -r ${fileSystem === "xfs" ? "--reflink=always" : ""} "$0" "$1" && sync -f "$1"`,
          tree,
          `${scratch}/copy`,
        ],
      },
    ],
  },
  find: {
    meaning: "`find -printf`: every path walked, its size and times printed",
    commands: ({ tree }) => [{ argv: ["sh", "-c", `find "$0" -printf '%p %s %T@ %C@ %i\\n' > /dev/null`, tree] }],
  },
  cat: {
    meaning: "every byte read",
    commands: ({ tree }) => [{ argv: ["sh", "-c", `${everyFile} cat > /dev/null`], cwd: tree }],
  },
  tar: {
    meaning: "every file read into one stream, which goes nowhere",
    commands: ({ tree }) => [{ argv: ["sh", "-c", `tar -cf - -C "$0" . | cat > /dev/null`, tree] }],
  },
  b3sum: {
    meaning: "every byte read and hashed with BLAKE3, on all cores",
    commands: ({ tree }) => [{ argv: ["sh", "-c", `${everyFile} b3sum > /dev/null`], cwd: tree }],
  },
  "node -e 0": { meaning: "Node started and ended", commands: () => [{ argv: [process.execPath, "-e", "0"] }] },
};
