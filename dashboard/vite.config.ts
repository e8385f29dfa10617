/// <reference types="vitest/config" />
import { readFileSync } from 'node:fs';
import { fileURLToPath, URL } from 'node:url';
import tailwind from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin, type Rolldown } from 'vite';

/// What the overview loads besides the frame around every page, and waits for (features/overview/routes.ts).
const kOverview = ['/features/overview/overview-page.tsx', '/components/metrics-charts.tsx', '/features/overview/latest-deliveries.tsx'];

/// The script that sets the theme must run before the first paint and may not be inline (CSP): a classic script in the
/// head, emitted with a hash in its name like everything else. It is told the overview's files, to ask for them early.
/// Beside it: who is signed in, which every page asks for first.
function bootScript(): Plugin {
  const source = fileURLToPath(new URL('./src/app/boot.js', import.meta.url));
  return {
    name: 'eventrelay-boot-script',
    configureServer(server) {
      server.middlewares.use('/boot.js', (_request, response) => {
        response.setHeader('content-type', 'text/javascript');
        response.end(readFileSync(source));
      });
    },
    buildStart() {
      if (this.environment.mode === 'build') this.emitFile({ type: 'asset', name: 'boot.js', source: readFileSync(source) });
    },
    transformIndexHtml: {
      order: 'post',
      handler(_html, { bundle = {}, chunk }) {
        const emitted = Object.keys(bundle).find((name) => name.includes('/boot-'));
        const frame = imported(bundle, chunk ? [chunk.fileName] : []);
        const overview = emitted ? kOverview.map((name) => chunkOf(bundle, name)) : [];
        const files = [...imported(bundle, overview)].filter((name) => !frame.has(name)).map((name) => `/${name}`);
        return [
          { tag: 'link', attrs: { rel: 'preload', as: 'fetch', crossorigin: true, href: '/api/auth/me' }, injectTo: 'head-prepend' },
          { tag: 'script', attrs: { src: `/${emitted ?? 'boot.js'}`, 'data-overview': files.join(' ') }, injectTo: 'head-prepend' },
        ];
      },
    },
  };
}

function chunksOf(bundle: Rolldown.OutputBundle): Rolldown.OutputChunk[] {
  return Object.values(bundle).filter((one) => one.type === 'chunk');
}

/// The file that has this module.
function chunkOf(bundle: Rolldown.OutputBundle, name: string): string {
  const found = chunksOf(bundle).find(({ moduleIds }) => moduleIds.some((id) => id.endsWith(name)));
  if (!found) throw new Error(`no chunk has ${name}`);
  return found.fileName;
}

/// The files, and what they import, all the way down.
function imported(bundle: Rolldown.OutputBundle, files: readonly string[]): Set<string> {
  const byName = new Map(chunksOf(bundle).map((chunk) => [chunk.fileName, chunk]));
  const found = new Set(files);
  for (const name of found) for (const other of byName.get(name)?.imports ?? []) found.add(other);
  return found;
}

const target = process.env['EVENTRELAY_URL'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react(), tailwind(), bootScript()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  server: {
    port: 5173,
    proxy: { '/api': { target, changeOrigin: false }, '/openapi.json': target, '/readyz': target },
  },
  build: {
    outDir: 'dist',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    chunkSizeWarningLimit: 500,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            // What every page needs stays in one file with the entry.
            { name: 'frame', tags: ['$initial'], priority: 1 },
            // One file in the place of one for every icon and for every other thing that several pages share.
            { name: 'common', test: /lucide-react|src\/(components\/chart-card|ui\/(badge|card|time-ago)|lib\/(time|use-now|series))\./ },
          ],
        },
      },
    },
  },
  test: { include: ['src/**/*.test.ts', 'src/**/*.test.tsx'], environment: 'node' },
});
