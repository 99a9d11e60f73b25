// Opens the DuckDB file that the first argument names, read-only, runs each of the
// queries that standard input has, one JSON text a line, and prints the version and
// what fails.
import { createInterface } from 'node:readline';
import { DuckDBInstance } from '@duckdb/node-api';

const instance = await DuckDBInstance.create(process.argv[2], { access_mode: 'READ_ONLY' });
const connection = await instance.connect();
const read = async (sql) => (await connection.runAndReadAll(sql)).getRows();
console.log((await read('select version()'))[0][0]);
for await (const line of createInterface({ input: process.stdin })) {
  const sql = JSON.parse(line);
  try {
    await read(sql);
  } catch (error) {
    console.log(`${sql}: ${error.message}`);
  }
}
