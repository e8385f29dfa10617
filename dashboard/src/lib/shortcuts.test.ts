import { describe, expect, it } from 'vitest';
import { keyNames, match, type Shortcut } from './shortcuts';

const shortcut = (keys: string): Shortcut => ({ keys, label: keys, run: () => undefined });
const press = (key: string, more: Partial<KeyboardEvent> = {}) => ({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more });
const all = ['j', 'g e', 'e', '?', 'mod+k', 'Enter'].map(shortcut);
const found = (event: ReturnType<typeof press>, before: string | null = null, mac = false) => match(all, event, before, mac)?.keys;

describe('match', () => {
  it('finds a single key', () => expect(found(press('j'))).toBe('j'));
  it('prefers the sequence that was begun', () => {
    expect(found(press('e'), 'g')).toBe('g e');
    expect(found(press('e'))).toBe('e');
  });
  it('takes ? with the Shift that it needs, but no capital letter for a small one', () => {
    expect(found(press('?', { shiftKey: true }))).toBe('?');
    expect(found(press('J', { shiftKey: true }))).toBeUndefined();
  });
  it('knows the modifier of the system', () => {
    expect(found(press('k', { ctrlKey: true }))).toBe('mod+k');
    expect(found(press('k', { metaKey: true }), null, true)).toBe('mod+k');
    expect(found(press('k', { metaKey: true }))).toBeUndefined();
  });
  it('leaves the browser its own', () => {
    expect(found(press('j', { ctrlKey: true }))).toBeUndefined();
    expect(found(press('j', { altKey: true }))).toBeUndefined();
  });
  it('lets the later one win', () => {
    const later = shortcut('j');
    expect(match([...all, later], press('j'), null, false)).toBe(later);
  });
});

it('names keys', () => {
  expect(keyNames('mod+k', true)).toEqual(['⌘', 'K']);
  expect(keyNames('g e', false)).toEqual(['G', 'then', 'E']);
});
