ruby -e 'puts RUBY_VERSION, (1..10).map { |x| x * x }.sum, "abc".reverse, [3, 1, 2].sort.inspect, {a: 1}.to_s'
ruby -e 'r, w = IO.pipe; pid = fork { r.close; w.puts "child"; exit 3 }; w.close; puts r.read; Process.wait pid; puts $?.exitstatus; t = 5.times.map { |i| Thread.new { i * i } }; p t.map(&:value)'
ruby -rjson -rdigest -rset -e 'puts JSON.generate({a: [1, nil]}), Digest::SHA256.hexdigest("x")[0, 16], Set[1, 2].to_a.inspect, `echo backtick`; f = Fiber.new { Fiber.yield 1; 2 }; p f.resume, f.resume'
ruby -e 'trap("USR1") { puts "sig" }; Process.kill "USR1", $$; sleep 0.1; at_exit { puts "bye" }; raise "boom"' 2>&1; echo $?; ruby -e 'GC.start; a = (1..100000).map { |i| "s#{i}" }; p a.size, a.last'
