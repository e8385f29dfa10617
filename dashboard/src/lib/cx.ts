/// Class names, joined; what is no text, or empty, is left out: `cx('a', open && 'b')`.
export function cx(...names: unknown[]): string {
  return names.filter((name) => typeof name === 'string' && name !== '').join(' ');
}
