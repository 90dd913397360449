# root: high
javac() { java -m jdk.compiler/com.sun.tools.javac.Main "$@"; }; jar() { java -m jdk.jartool/sun.tools.jar.Main "$@"; }
cat >A.java <<'A'
import java.io.*; import java.net.*; import java.net.http.*; import java.nio.*; import java.nio.channels.*; import java.nio.file.*; import java.security.*; import java.util.*; import java.util.concurrent.*; import java.util.concurrent.atomic.*; import java.util.stream.*; import java.util.zip.*; import com.sun.net.httpserver.*;
public class A {
	record Point(int x, int y) { }
	static volatile int sink;
	static void files() throws Exception {
		Path p = Path.of("f"); Files.writeString(p, "line\n".repeat(1000)); System.out.println(Files.size(p) + " " + Files.lines(p).count() + " " + Files.isExecutable(p));
		try (FileChannel c = FileChannel.open(p, StandardOpenOption.READ, StandardOpenOption.WRITE)) { MappedByteBuffer m = c.map(FileChannel.MapMode.READ_WRITE, 0, 5000); m.put(0, (byte) 'L'); m.force(); FileLock l = c.lock(); System.out.println(l.isValid()); l.release(); c.truncate(10); }
		System.out.println(Files.readString(p).strip()); Files.createSymbolicLink(Path.of("s"), p); System.out.println(Files.readSymbolicLink(Path.of("s")));
		try { Files.readString(Path.of("none")); } catch (NoSuchFileException e) { System.out.println("none " + e.getMessage()); }
		ByteArrayOutputStream o = new ByteArrayOutputStream(); try (GZIPOutputStream g = new GZIPOutputStream(o)) { g.write(new byte[100000]); } System.out.println(new GZIPInputStream(new ByteArrayInputStream(o.toByteArray())).readAllBytes().length);
		try (WatchService w = FileSystems.getDefault().newWatchService()) { Path.of(".").register(w, StandardWatchEventKinds.ENTRY_CREATE); Files.createFile(Path.of("seen")); System.out.println("watched " + w.take().pollEvents().get(0).context()); }
	}
	static void threads() throws Exception {
		ExecutorService e = Executors.newFixedThreadPool(8); AtomicInteger n = new AtomicInteger(); List<Future<Integer>> l = new ArrayList<>(); for (int i = 0; i < 100; i++) { int k = i; l.add(e.submit(() -> { n.addAndGet(k); return k * k; })); } int s = 0; for (Future<Integer> f : l) s += f.get(); e.shutdown(); System.out.println(n + " " + s + " " + e.awaitTermination(5, TimeUnit.SECONDS));
		System.out.println(IntStream.range(0, 1000000).parallel().filter(i -> i % 3 == 0).count()); Object lock = new Object(); boolean[] done = new boolean[1]; Thread t = new Thread(() -> { synchronized (lock) { done[0] = true; lock.notifyAll(); } }); synchronized (lock) { t.start(); while (!done[0]) lock.wait(); } t.join(); System.out.println("notified");
		List<Thread> many = new ArrayList<>(); CountDownLatch latch = new CountDownLatch(200); for (int i = 0; i < 200; i++) { Thread x = new Thread(latch::countDown); x.start(); many.add(x); } latch.await(); for (Thread x : many) x.join(); System.out.println("200 threads");
	}
	static void network() throws Exception {
		HttpServer h = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0); h.createContext("/", x -> { byte[] b = ("got " + x.getRequestURI() + " " + x.getRequestBody().readAllBytes().length).getBytes(); x.sendResponseHeaders(200, b.length); x.getResponseBody().write(b); x.close(); }); h.start();
		HttpClient c = HttpClient.newHttpClient(); for (int i = 0; i < 3; i++) System.out.println(c.send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + h.getAddress().getPort() + "/" + i)).POST(HttpRequest.BodyPublishers.ofString("z".repeat(i * 50000))).build(), HttpResponse.BodyHandlers.ofString()).body()); h.stop(0);
		Selector sel = Selector.open(); ServerSocketChannel ss = ServerSocketChannel.open().bind(new InetSocketAddress("127.0.0.1", 0)); ss.configureBlocking(false); ss.register(sel, SelectionKey.OP_ACCEPT); SocketChannel k = SocketChannel.open(ss.getLocalAddress()); System.out.println("selected " + sel.select(5000)); SocketChannel a = ss.accept(); a.write(ByteBuffer.wrap("hi".getBytes())); ByteBuffer b = ByteBuffer.allocate(9); k.read(b); System.out.println(b.position()); a.close(); System.out.println(k.read(b));
		try { new Socket("127.0.0.1", ((InetSocketAddress) ss.getLocalAddress()).getPort() == 1 ? 2 : 1); } catch (ConnectException e) { System.out.println(e.getMessage()); }
	}
	static int deep(int n) { return n == 0 ? 0 : 1 + deep(n - 1); }
	public static void main(String[] v) throws Exception {
		System.out.println(new Point(1, 2) + " " + Arrays.toString(v) + " " + Runtime.getRuntime().availableProcessors() + " " + System.getProperty("os.name") + " " + System.getProperty("user.dir"));
		files(); threads(); network();
		Process p = new ProcessBuilder("sh", "-c", "cat; echo err >&2; exit 7").redirectErrorStream(true).start(); p.getOutputStream().write("in ".getBytes()); p.getOutputStream().close(); System.out.print(new String(p.getInputStream().readAllBytes())); System.out.println(p.waitFor());
		System.out.println(HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest("abc".getBytes()), 0, 8)); long s = 0; for (int i = 0; i < 50000000; i++) s = s * 31 + i; System.out.println(s);
		try { deep(10000000); } catch (StackOverflowError e) { System.out.println("deep"); } try { Object[] o = null; sink = o.length; } catch (NullPointerException e) { System.out.println("null"); } try { long[][] big = new long[100000][]; for (int i = 0; ; i++) big[i] = new long[1 << 20]; } catch (OutOfMemoryError e) { System.out.println(e.getMessage()); }
		for (int i = 0; i < 200; i++) { byte[][] g = new byte[100][]; for (int j = 0; j < 100; j++) g[j] = new byte[10000]; sink += g.length; } System.gc(); System.out.println(sink);
		Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("hook"))); System.exit(3);
	}
}
A
java -version 2>&1 | sed 's/ [0-9(].*//'; javac A.java; echo "javac $?"; java -Xmx256m A x y; echo $?; java -XX:+UseSerialGC -Xmx64m -cp . A one | tail -2; java -Xmx64m -XX:+UseParallelGC -Xint -cp . A | head -1; echo 'class B { public static void main(String[] a) { System.out.println("from source"); } }' >B.java; java B.java; java None 2>&1 | head -1; keytool -genkeypair -alias k -keyalg EC -dname CN=x -keystore ks -storepass secret -validity 1 2>/dev/null; keytool -list -keystore ks -storepass secret 2>&1 | grep -c PrivateKey; jar cf b.jar B.java A.class && jar tf b.jar | sort
echo 'class C { public static void main(String[] a) throws Exception { Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("terminated"))); System.out.println("ready"); Thread.sleep(30000); } }' >C.java; javac C.java; java C >out & p=$!; until grep -q ready out; do sleep .1; done; kill $p; wait $p; echo $?; cat out
