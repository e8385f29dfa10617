/// <reference types="vitest/config" />
import { readFileSync } from 'node:fs';
import { fileURLToPath, URL } from 'node:url';
import tailwind from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/// The script that sets the theme must run before the first paint and may not be inline (CSP): a classic script in the
/// head, emitted with a hash in its name like everything else.
function themeScript(): Plugin {
  const source = fileURLToPath(new URL('./src/app/theme-boot.js', import.meta.url));
  return {
    name: 'eventrelay-theme-script',
    configureServer(server) {
      server.middlewares.use('/theme-boot.js', (_request, response) => {
        response.setHeader('content-type', 'text/javascript');
        response.end(readFileSync(source));
      });
    },
    buildStart() {
      if (this.environment.mode === 'build') this.emitFile({ type: 'asset', name: 'theme-boot.js', source: readFileSync(source) });
    },
    transformIndexHtml: {
      order: 'post',
      handler(_html, { bundle }) {
        const emitted = Object.keys(bundle ?? {}).find((name) => name.includes('theme-boot'));
        return [{ tag: 'script', attrs: { src: `/${emitted ?? 'theme-boot.js'}` }, injectTo: 'head-prepend' }];
      },
    },
  };
}

const target = process.env['EVENTRELAY_URL'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react(), tailwind(), themeScript()],
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
    chunkSizeWarningLimit: 300,
  },
  test: { include: ['src/**/*.test.ts', 'src/**/*.test.tsx'], environment: 'node' },
});
