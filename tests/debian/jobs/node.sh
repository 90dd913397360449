# root: high
node --version | cut -c1-3; node -e 'console.log(6 * 7, [3, 1, 2].sort(), JSON.stringify({a: [1, null]}), "x".padStart(3, "-"), 2n ** 100n)'
cat >a.js <<'N'
const fs = require("fs"), cp = require("child_process"), crypto = require("crypto"), zlib = require("zlib"), os = require("os");
fs.writeFileSync("f", "x".repeat(100000)); console.log(fs.statSync("f").size, fs.readdirSync(".").join(), os.EOL === "\n", os.hostname());
console.log(crypto.createHash("sha256").update("abc").digest("hex").slice(0, 16), zlib.gunzipSync(zlib.gzipSync("data".repeat(1000))).length);
console.log(cp.execSync("echo child; exit 0").toString().trim(), cp.spawnSync("sh", ["-c", "exit 5"]).status, cp.spawnSync("sh", ["-c", "kill -9 $$"]).signal);
process.on("SIGUSR2", () => { console.log("signal"); }); process.kill(process.pid, "SIGUSR2");
(async () => {
	await fs.promises.writeFile("g", "promised"); console.log(await fs.promises.readFile("g", "utf8"));
	const all = await Promise.all([30, 10, 20].map(ms => new Promise(r => setTimeout(() => r(ms), ms)))); console.log(all);
	let s = 0; for (let i = 0; i < 3e7; i++) s = (s * 31 + i) | 0; console.log(s);
	const a = []; for (let i = 0; i < 300000; i++) a.push({ i, s: "s" + i }); console.log(a.filter(x => x.i % 3 == 0).length);
	for await (const c of fs.createReadStream("f", { highWaterMark: 40000 })) console.log(c.length);
})();
N
node a.js
cat >net.js <<'N'
const http = require("http"), net = require("net"), { Worker } = require("worker_threads"), fs = require("fs");
const server = http.createServer((q, r) => { let n = 0; q.on("data", d => n += d.length).on("end", () => r.end(`${q.method} ${q.url} ${n}`)); });
server.listen(0, "127.0.0.1", async () => {
	const port = server.address().port, ask = (i) => new Promise(done => { const r = http.request({ port, host: "127.0.0.1", path: "/" + i, method: "POST" }, a => { let t = ""; a.on("data", d => t += d).on("end", () => done(t)); }); r.end("y".repeat(i * 1000)); });
	console.log(await Promise.all([...Array(20).keys()].map(ask)));
	const local = net.createServer(c => c.pipe(c)).listen("sock", () => { const c = net.connect("sock"); c.on("data", d => { console.log("echo", d.toString()); c.end(); local.close(); server.close(); }); c.write("local"); });
	const w = new Worker("const { parentPort, workerData } = require('worker_threads'); const a = new Int32Array(workerData); for (let i = 0; i < 1000; i++) Atomics.add(a, 0, 1); parentPort.postMessage('done')", { eval: true, workerData: new SharedArrayBuffer(8) }); w.on("message", m => console.log("worker", m));
	const fw = fs.watch(".", (e, f) => { if (f == "seen") { console.log("watched", f); fw.close(); } }); fs.writeFileSync("seen", "");
});
N
node net.js | sort; node --max-old-space-size=100 -e 'try { new Array(2 ** 32) } catch (e) { console.log(e.message) } process.exit(9)'; echo $?; node -e 'throw new Error("boom")' 2>&1 | grep -c boom; echo 'console.log("stdin")' | node -; { node -e "process.abort()"; } 2>/dev/null; echo $?
node --input-type=module -e 'import { readFile } from "fs/promises"; console.log((await readFile("/etc/hostname", "utf8")).trim()); const wasm = new Uint8Array([0,97,115,109,1,0,0,0,1,7,1,96,2,127,127,1,127,3,2,1,0,7,7,1,3,97,100,100,0,0,10,9,1,7,0,32,0,32,1,106,11]); const m = await WebAssembly.instantiate(wasm); console.log(m.instance.exports.add(40, 2))'
