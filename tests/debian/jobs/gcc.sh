cat >a.c <<'C'
#include <stdio.h>
#include <pthread.h>
#include <math.h>
static void *run(void *p) { *(int *)p *= 2; return p; }
int main(int argc, char **argv) { pthread_t t; int n = 21; pthread_create(&t, 0, run, &n); pthread_join(t, 0); printf("%d %s %.3f\n", n, argc > 1 ? argv[1] : "", sqrt(2)); return 0; }
C
gcc -O2 -Wall -o a a.c -lm -pthread && ./a dynamic; gcc -O2 -static -o as a.c -lm -pthread && ./as static; gcc -g -fsanitize=undefined -c a.c -o u.o; echo $?
cat >b.cc <<'C'
#include <iostream>
#include <map>
#include <stdexcept>
#include <vector>
#include <algorithm>
#include <thread>
int main() { std::map<std::string, int> m{{"a", 1}, {"b", 2}}; for (auto &[k, v] : m) std::cout << k << v << '\n'; try { throw std::runtime_error("thrown"); } catch (std::exception &e) { std::cout << e.what() << '\n'; } std::vector<int> v{3, 1, 2}; std::sort(v.begin(), v.end()); std::thread t([&] { v.push_back(4); }); t.join(); for (int x : v) std::cout << x; std::cout << std::endl; }
C
g++ -O2 -std=c++17 -o b b.cc && ./b; gcc -O2 -S -o - a.c | sha256sum; gcc -E a.c | wc -l; echo 'int main( {' | gcc -xc - ; echo $?; gcc -flto -O2 -o l a.c -lm && ./l lto
gcc -shared -fPIC -o libx.so -xc - <<'C'
int x(void) { return 7; }
C
echo 'int x(void); int main(void) { return x(); }' >m.c; gcc -o m m.c -L. -lx -Wl,-rpath,'$ORIGIN' && ./m; echo $?; sha256sum <a.c >/dev/null; sha256sum a u.o
