python3 - <<'P'
import sys, os, json, re, math, hashlib, collections, itertools, subprocess, tempfile, threading, queue, decimal
print(sys.version_info[:2], os.getcwd(), sorted(os.environ)[:1], math.factorial(30))
print(json.dumps({"b": [1, 2.5, None], "a": "\u00e9"}, sort_keys=True), hashlib.sha256(b"x").hexdigest()[:16])
print(subprocess.run(["sh", "-c", "echo out; echo err >&2; exit 5"], capture_output=True))
q = queue.Queue(); ts = [threading.Thread(target=lambda i=i: q.put(i * i)) for i in range(20)]
[t.start() for t in ts]; [t.join() for t in ts]; print(sorted(q.queue))
with tempfile.TemporaryDirectory() as d:
    open(d + "/f", "w").write("x" * 100); print(os.stat(d + "/f").st_size, os.listdir(d))
print(decimal.Decimal(2).sqrt(), re.findall(r"\d+", "a1b22"), list(itertools.combinations("abc", 2)))
import multiprocessing as mp
def f(x): return x * x
if __name__ == "__main__":
    ctx = mp.get_context("fork")
    print([p for p in map(f, range(3))])
import sqlite3; c = sqlite3.connect(":memory:"); c.execute("create table t(a)"); c.executemany("insert into t values(?)", [(i,) for i in range(10)]); print(c.execute("select sum(a) from t").fetchone())
import zlib, bz2, lzma, ctypes; print(len(zlib.decompress(zlib.compress(b"x" * 1000))), ctypes.CDLL(None).getpid() == os.getpid())
import signal; signal.signal(signal.SIGUSR1, lambda *a: print("signal")); os.kill(os.getpid(), signal.SIGUSR1)
P
python3 -c 'raise SystemExit(9)'; echo $?; python3 -m timeit -n1 -r1 pass | grep -c loop; python3 -c 'import time; t=time.monotonic(); time.sleep(.05); print(time.monotonic()-t >= .05)'; python3 -m json.tool <<<'{"a":1}' 2>/dev/null || echo '{"a":1}' | python3 -m json.tool
