/** A database that lives on: rows updated, added and deleted in place, so that pages all over the file change a little. */
import { mkdirSync } from "node:fs";
import path from "node:path";
import Database from "better-sqlite3";
import { randomBytes, randomIntegers, wordPicker } from "../seeded.mjs";

const ROWS = 600_000;
const PAYLOAD_BYTES = 192;
const labels = ["cat", "dog", "horse", "bird", "fish", "none"];

export function database(scale) {
  const rows = Math.max(2000, Math.round(ROWS * scale));
  const count = (share) => Math.round(rows * share).toLocaleString("en-US");
  return {
    about: `a database of SQLite with ${count(1)} rows of text, numbers and ${PAYLOAD_BYTES} random bytes, and two indexes`,
    make: (tree) => within(tree, (db) => fill(db, rows)),
    changes: {
      v2: {
        about: `${count(0.01)} rows updated all over it, ${count(0.005)} added, ${count(0.002)} deleted`,
        make: (tree) => within(tree, (db) => change(db, rows)),
      },
    },
    steps: ["first", "unchanged", "v2", "download", "switch", "verify"],
  };
}

function within(tree, work) {
  mkdirSync(tree, { recursive: true });
  const db = new Database(path.join(tree, "samples.sqlite"));
  try {
    db.pragma("journal_mode = DELETE");
    db.transaction(() => work(db))();
  } finally {
    db.close();
  }
}

function fill(db, rows) {
  db.exec(`CREATE TABLE samples (id INTEGER PRIMARY KEY, name TEXT, label TEXT, score REAL, note TEXT, payload BLOB);
    CREATE INDEX by_name ON samples (name);
    CREATE INDEX by_label ON samples (label, score)`);
  insert(db, "database", 1, rows);
}

function change(db, rows) {
  const next = randomIntegers("database v2");
  const update = db.prepare("UPDATE samples SET score = ?, note = ? WHERE id = ?");
  const word = wordPicker("database v2 words");
  for (let left = Math.round(rows * 0.01); left > 0; left--) {
    update.run((next() % 10_000) / 100, `${word()} ${word()} ${word()}`, 1 + (next() % rows));
  }
  const remove = db.prepare("DELETE FROM samples WHERE id = ?");
  for (let left = Math.round(rows * 0.002); left > 0; left--) remove.run(1 + (next() % rows));
  insert(db, "database v2", rows + 1, Math.round(rows * 0.005));
}

function insert(db, seed, from, count) {
  const add = db.prepare("INSERT INTO samples VALUES (?, ?, ?, ?, ?, ?)");
  const next = randomIntegers(`${seed} numbers`);
  const word = wordPicker(`${seed} words`);
  const payloads = randomBytes(`${seed} payloads`, count * PAYLOAD_BYTES);
  for (let row = 0; row < count; row++) {
    const note = Array.from({ length: 4 + (next() % 12) }, word).join(" ");
    const payload = payloads.subarray(row * PAYLOAD_BYTES, (row + 1) * PAYLOAD_BYTES);
    const name = `${word()}-${next() % 100_000}`;
    add.run(from + row, name, labels[next() % labels.length], (next() % 10_000) / 100, note, payload);
  }
}
