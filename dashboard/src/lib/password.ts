export const kPasswordMin = 12;
export const kPasswordMax = 1_000;
export const kPasswordHint = 'At least 12 characters. A few words in a row are easier to remember than signs.';

/// What is wrong with it, as one types; nothing while it is empty. Counted in code points, as the server does.
export function passwordProblem(password: string): string | undefined {
  const length = [...password].length;
  if (length === 0) return undefined;
  if (length < kPasswordMin) return `${kPasswordMin - length} more, please: at least ${kPasswordMin} characters.`;
  return length > kPasswordMax ? `At most ${kPasswordMax} characters.` : undefined;
}
