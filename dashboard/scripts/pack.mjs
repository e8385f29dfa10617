// Packs dist/ to be embedded: OUT/files.bin holds each file, then what gzip and brotli make of it where that is smaller,
// one after the other; OUT/files.cc says where each begins. Usage: pack.mjs OUT
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const kTypes = {
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
  ico: 'image/x-icon',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json',
  png: 'image/png',
  svg: 'image/svg+xml',
  txt: 'text/plain; charset=utf-8',
  woff2: 'font/woff2',
};

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const out = process.argv[2];
const names = readdirSync(dist, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(dist.length))
  .sort();

const pieces = [];
let end = 0;
function put(bytes) {
  pieces.push(bytes);
  end += bytes.length;
  return `at(${end - bytes.length}, ${bytes.length})`;
}

const rows = names.map((name) => {
  const type = kTypes[name.split('.').at(-1)];
  if (!type) throw new Error(`${name}: its content type is not known`);
  if (!/^[\w./-]+$/.test(name)) throw new Error(`${name}: a name for which a path would need escapes`);
  const plain = readFileSync(join(dist, name));
  const smaller = (bytes) => put(bytes.length < plain.length ? bytes : Buffer.alloc(0));
  const gzip = gzipSync(plain, { level: 9 });
  const brotli = brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: plain.length } });
  const hash = createHash('sha256').update(plain).digest('base64url').slice(0, 16);
  return `      {"/${name}", "${type}", "${hash}", ${put(plain)}, ${smaller(gzip)}, ${smaller(brotli)}},\n`;
});

mkdirSync(out, { recursive: true });
writeFileSync(join(out, 'files.bin'), Buffer.concat(pieces));
writeFileSync(join(out, 'files.cc'), `// Made by dashboard/scripts/pack.mjs.
#include "base/embedded.h"

extern "C" const char eventrelay_dashboard_bytes[];

namespace eventrelay {

static std::string_view at(std::size_t begin, std::size_t size) { return {eventrelay_dashboard_bytes + begin, size}; }

std::span<const DashboardFile> dashboard_files() {
  static const DashboardFile files[] = {
${rows.join('')}  };
  return files;
}

}  // namespace eventrelay
`);
console.log(`${names.length} files, ${end} bytes packed`);
