// After a build: what the issue promises of the files. First load of the overview at most 180 KB gzipped, no inline
// scripts or styles, hashed names alone.
import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const kFirstLoadMaxBytes = 180_000;
const dist = new URL('../dist/', import.meta.url);
const html = readFileSync(new URL('index.html', dist), 'utf8');
const problems = [];

if (/<script(?![^>]*\ssrc=)[^>]*>/.test(html)) problems.push('index.html has an inline script');
if (/<style|\sstyle=|\son[a-z]+=/.test(html)) problems.push('index.html has inline styles or handlers');

const assets = readdirSync(new URL('assets/', dist));
const hashed = /-[\w-]{8}\.[a-z0-9]+$/;
for (const name of assets) if (!hashed.test(name)) problems.push(`assets/${name} has no hash in its name`);

const size = (name) => gzipSync(readFileSync(new URL(`assets/${name}`, dist))).length;
const text = (name) => readFileSync(new URL(`assets/${name}`, dist), 'utf8');

// What the page and then the overview import, all the way down.
const first = new Set([...html.matchAll(/(?:src|href)="\/assets\/([\w.-]+\.js)"/g)].map((m) => m[1]));
const overview = assets.find((name) => name.startsWith('overview-page') && name.endsWith('.js'));
if (overview) first.add(overview);
for (const name of first) for (const [, other] of text(name).matchAll(/(?:from|import)\s*"\.\/([\w.-]+\.js)"/g)) first.add(other);
const total = [...first].reduce((sum, name) => sum + size(name), 0);
if (total > kFirstLoadMaxBytes) problems.push(`first load is ${total} bytes gzipped, more than ${kFirstLoadMaxBytes}`);

for (const name of [...first].sort((a, b) => size(b) - size(a))) console.log(`${String(size(name)).padStart(7)}  ${name}`);
console.log(`${String(total).padStart(7)}  first load of JavaScript, gzipped, the overview in it`);
// What the overview asks for besides: charts, the table of the latest deliveries.
const asked = (/data-overview="([^"]*)"/.exec(html)?.[1] ?? '').split(' ').map((file) => file.replace('/assets/', ''));
for (const name of asked.filter((one) => one && !first.has(one))) console.log(`${String(size(name)).padStart(7)}  beside it: ${name}`);
if (!asked.includes(overview)) problems.push('index.html does not name the code of the overview: src/app/boot.js would not ask for it');
if (problems.length) {
  console.error(problems.join('\n'));
  process.exit(1);
}
