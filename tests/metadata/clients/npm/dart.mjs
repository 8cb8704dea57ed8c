// Parses files of Dart; what is no Dart is told with its line.
import { format } from "@wasm-fmt/dart_fmt";
import { readFileSync } from "node:fs";

for (const file of process.argv.slice(2)) format(readFileSync(file, "utf8"), file);
