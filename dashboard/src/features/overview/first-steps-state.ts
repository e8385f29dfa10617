/// The first steps outlive a reload: which webhook they made, while the tab is open. Not the key, which is shown once.
const kKey = 'eventrelay.first-steps';

export interface FirstSteps {
  webhookId: string;
  receiver: string;
}

export function readFirstSteps(): FirstSteps | null {
  try {
    const stored = JSON.parse(sessionStorage.getItem(kKey) ?? 'null') as Partial<FirstSteps> | null;
    return stored && typeof stored.webhookId === 'string' && typeof stored.receiver === 'string' ? { webhookId: stored.webhookId, receiver: stored.receiver } : null;
  } catch {
    return null;
  }
}

export function writeFirstSteps(steps: FirstSteps | null): void {
  try {
    if (steps) sessionStorage.setItem(kKey, JSON.stringify(steps));
    else sessionStorage.removeItem(kKey);
  } catch {
    // They begin again after a reload, then.
  }
}

export function firstStepsOpen(): boolean {
  return readFirstSteps() !== null;
}
