/// Those of `items` whose text has the query's letters in their order, the best first: beginnings of words and runs of
/// letters count more. An empty query keeps all as they are.
export function rankMatches<T>(items: readonly T[], query: string, textOf: (item: T) => string): T[] {
  const wanted = query.trim().toLowerCase();
  if (!wanted) return [...items];
  return items
    .map((item, index) => ({ item, index, score: score(textOf(item).toLowerCase(), wanted) }))
    .filter((one) => one.score > 0)
    .sort((a, b) => b.score - a.score || a.index - b.index)
    .map((one) => one.item);
}

function score(text: string, wanted: string): number {
  const whole = text.indexOf(wanted);
  if (whole >= 0) return 1_000 - whole + (whole === 0 || text[whole - 1] === ' ' ? 500 : 0);
  let at = -1;
  let points = 0;
  for (const letter of wanted) {
    if (letter === ' ') continue;
    const next = text.indexOf(letter, at + 1);
    if (next < 0) return 0;
    points += next === at + 1 ? 3 : next === 0 || ' -._/'.includes(text[next - 1] ?? '') ? 2 : 0;
    at = next;
  }
  // Letters that are strewn about are no match.
  return points >= 2 * wanted.replaceAll(' ', '').length ? points : 0;
}
