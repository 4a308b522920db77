// A real ClickHouse (chdb, from npm) behind the least of its HTTP interface: POST /?query=… with data in the body, or the
// query itself there. Answers in JSONEachRow. Prints its port once it listens.
//
// usage: clickhouse.mjs DIRECTORY
import http from "node:http";
import { Session } from "chdb";

const session = new Session(process.argv[2]);

const server = http.createServer((request, response) => {
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => {
    const query = new URL(request.url, "http://localhost").searchParams.get("query") ?? "";
    const body = Buffer.concat(pieces).toString();
    try {
      const answer = session.query(query ? `${query}\n${body}` : body, "JSONEachRow");
      response.writeHead(200).end(answer);
    } catch (error) {
      response.writeHead(400).end(`${error.message}\n`);
    }
  });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
