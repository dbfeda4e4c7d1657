/** Ordinary work that a sandbox must not get in the way of, played through the whole pipeline. */
export interface Work {
  /** Of its repository, `acme/<id>`. */
  readonly id: string;
  readonly title: string;
  readonly files: Readonly<Record<string, string>>;
  readonly script: string;
  /** What the pull request has to show, by what it proves: looked for in the forge's own diff. */
  readonly made: Readonly<Record<string, RegExp>>;
  /** What the package registry has to have been asked for meanwhile, by the ends of paths. */
  readonly asked?: readonly string[];
}

const waitFor = `wait_for() { n=0; while ! "$@"; do n=$((n + 1)); [ $n -lt 300 ] || exit 1; sleep 0.1; done; }`;

export const works: readonly Work[] = [
  {
    id: 'npm-and-tsc',
    title: 'npm install and npm ci from the registry, then tsc',
    files: {
      '.gitignore': 'node_modules\n',
      'package.json': JSON.stringify({
        ...{ name: 'usable', version: '1.0.0', private: true, scripts: { build: 'tsc' } },
        ...{ dependencies: { left: '1.0.0' }, devDependencies: { typescript: '7.0.2' } },
      }),
      'tsconfig.json': '{"compilerOptions":{"strict":true,"outDir":"dist","rootDir":"src","types":[]}}\n',
      'src/index.ts': `declare const require: (name: string) => { name: string };
const words: readonly string[] = ['left', 'right'].map((name) => require(name).name);
console.log(words.join(' and '));
`,
    },
    script: `set -e
npm install && rm -rf node_modules ~/.npm && npm ci
npm run build
cp dist/index.js index.cjs && node index.cjs > said.txt`,
    made: {
      'what tsc compiled': /^\+\+\+ b\/dist\/index\.js$/m,
      'what both packages say': /^\+left and right$/m,
      'a lock file with the registry’s own address': /^\+.*"resolved": "http:\/\/127\.0\.0\.1:\d+\/npm\/left\//m,
    },
    asked: ['/npm/typescript', '/npm/left', '/npm/right/-/right-1.0.0.tgz'],
  },
  {
    id: 'pip',
    title: 'pip install into a virtual environment',
    files: { '.gitignore': 'venv\n' },
    script: `set -e
python3 -m venv venv
venv/bin/pip install sunny
venv/bin/python -c 'import sunny; print(sunny.word)' > said.txt`,
    made: { 'what the package says': /^\+sunshine$/m },
    asked: ['/pip/simple/sunny/'],
  },
  {
    id: 'apt',
    title: 'a Debian package, fetched and unpacked without rights',
    files: {},
    script: `set -e
apt-get update && apt-get download hello-errand && dpkg -x ./*.deb . && rm ./*.deb`,
    made: { 'a file of the package': /^\+\+\+ b\/usr\/share\/hello-errand$/m },
    asked: ['/hello-errand_1.0_all.deb'],
  },
  {
    id: 'watching',
    title: 'a test runner that watches files (inotify)',
    files: {
      'sum.test.mjs': `import { test } from 'node:test';
import { equal } from 'node:assert/strict';
test('a sum', () => equal(1 + 2, 4));
`,
    },
    script: `${waitFor}
node --test --watch --test-reporter=tap > /tmp/log 2>&1 & runner=$!
wait_for grep -q '^# fail 1' /tmp/log
echo 'failed first' > said.txt
sed -i 's/, 4/, 3/' sum.test.mjs
wait_for grep -q '^# fail 0' /tmp/log
echo 'then passed by itself' >> said.txt
kill $runner`,
    made: { 'two runs, the second by the watcher': /^\+failed first\n\+then passed by itself$/m },
  },
  {
    id: 'native',
    title: 'make, g++ and an add-on that Node loads',
    files: {
      '.gitignore': 'hello\n*.node\n',
      Makefile: `all: hello addon.node
hello: hello.cc
\tg++ -O2 -pthread -o $@ $<
addon.node: addon.c
\tgcc -shared -fPIC -o $@ $<
`,
      'hello.cc': `#include <iostream>
#include <thread>
int main() { std::thread([] { std::cout << "built and run\\n"; }).join(); }
`,
      'addon.c': `typedef struct env *napi_env;
typedef struct value *napi_value;
int napi_create_int32(napi_env, int, napi_value *);
int napi_set_named_property(napi_env, napi_value, const char *, napi_value);
napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  napi_value answer;
  napi_create_int32(env, 42, &answer);
  napi_set_named_property(env, exports, "answer", answer);
  return exports;
}
`,
    },
    script: `set -e
make -j2
./hello > said.txt
node -e "console.log('loaded: ' + require('./addon.node').answer)" >> said.txt`,
    made: { 'what the program and the add-on say': /^\+built and run\n\+loaded: 42$/m },
  },
  {
    id: 'commits',
    title: 'git: branches, commits, a merge, a rebase, a repack',
    files: {},
    script: `set -e
git config user.name Agent && git config user.email agent@example.com
main=$(git branch --show-current)
git checkout -qb feature && echo one > one.txt && git add . && git commit -qm One
git checkout -q "$main" && echo two > two.txt && git add . && git commit -qm Two
git merge -q --no-ff -m Merge feature
git checkout -qb late HEAD~1 && echo three > three.txt && git add . && git commit -qm Three
git rebase -q "$main" && git checkout -q "$main" && git merge -q --ff-only late
git gc -q && git fsck && git log --oneline | wc -l > commits.txt`,
    made: {
      'the files of every commit': /^\+one$[\s\S]*^\+three$[\s\S]*^\+two$/m,
      'a history of its own inside': /^\+\s*[5-9]$/m,
    },
  },
  {
    id: 'server',
    title: 'dev servers on localhost, asked by node, curl and Python',
    files: {
      'server.mjs': `import { createServer } from 'node:http';
createServer((_, response) => response.end('served by node\\n')).listen(5173, 'localhost');
`,
    },
    script: `${waitFor}
node server.mjs & node=$!
mkdir -p /tmp/site && echo 'served by python' > /tmp/site/index.html
python3 -m http.server -b 127.0.0.1 -d /tmp/site 8000 > /dev/null 2>&1 & python=$!
wait_for curl -sf -o /dev/null http://localhost:5173/
wait_for curl -sf -o /dev/null http://127.0.0.1:8000/
curl -s http://localhost:5173/ > said.txt
node -e "fetch('http://127.0.0.1:8000/').then((r) => r.text()).then((t) => process.stdout.write(t))" >> said.txt
python3 -c "import urllib.request as u; print(u.urlopen('http://localhost:5173/').read().decode().upper(), end='')" >> said.txt
kill $node $python`,
    made: { 'three answers': /^\+served by node\n\+served by python\n\+SERVED BY NODE$/m },
  },
];
