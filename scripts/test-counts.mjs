// Prints how many tests passed, failed and were skipped, from the results that vitest writes as JSON.
import { readFileSync } from "node:fs";

const results = JSON.parse(readFileSync(process.argv[2], "utf8"));
// A test file that cannot be read has no tests that fail.
const brokenFiles = results.testResults.filter(
  (file) => file.status === "failed" && file.assertionResults.length === 0,
);
const skipped = results.numPendingTests + results.numTodoTests;
console.log(results.numPassedTests, results.numFailedTests + brokenFiles.length, skipped);
