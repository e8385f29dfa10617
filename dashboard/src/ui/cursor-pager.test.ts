import { expect, it } from 'vitest';
import { filledPage } from './cursor-pager';

/// Pages of the given sizes; the last one has no cursor.
function pages(...sizes: number[]) {
  const asked: (string | undefined)[] = [];
  const fetchPage = (cursor: string | undefined) => {
    asked.push(cursor);
    const at = Number(cursor ?? 0);
    return Promise.resolve({ data: Array.from({ length: sizes[at] ?? 0 }, (_row, i) => `${at}.${i}`), next_cursor: at + 1 < sizes.length ? String(at + 1) : null });
  };
  return { asked, fetchPage };
}

it('is one request where the page is full', async () => {
  const { asked, fetchPage } = pages(50, 50);
  expect((await filledPage(fetchPage, undefined)).next_cursor).toBe('1');
  expect(asked.length).toBe(1);
});
it('goes on over empty pages, in order', async () => {
  const { fetchPage } = pages(0, 2, 0, 30, 50);
  const page = await filledPage(fetchPage, undefined);
  expect(page.data.length).toBe(32);
  expect(page.data[0]).toBe('1.0');
  expect(page.next_cursor).toBe('4');
});
it('is content at the end of the list', async () => {
  const { fetchPage } = pages(0, 0, 1);
  expect(await filledPage(fetchPage, undefined)).toEqual({ data: ['2.0'], next_cursor: null });
});
it('gives up after so many requests, and says that there is more', async () => {
  const { asked, fetchPage } = pages(...Array.from({ length: 20 }, () => 0));
  expect(await filledPage(fetchPage, undefined)).toEqual({ data: [], next_cursor: '8' });
  expect(asked.length).toBe(8);
});
