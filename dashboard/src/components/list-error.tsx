/// In the place of a list that did not load: says which filter the server refuses, where it is that.
import { FunnelX } from 'lucide-react';
import { ApiError } from '@/api/errors';
import { Button } from '@/ui/button';
import { EmptyState, ErrorState } from '@/ui/states';

/// `onClear` takes filters and cursor out of the URL.
export function ListError({ error, onRetry, onClear }: { error: unknown; onRetry: () => void; onClear: () => void }) {
  if (!(error instanceof ApiError) || (error.status !== 422 && error.status !== 400)) return <ErrorState error={error} onRetry={onRetry} />;
  // The cursor of another list or organization, from a link that is too old.
  const cursor = error.status === 400 || (error.fields.length > 0 && error.fields.every((field) => field.path === 'cursor'));
  const fields = error.fieldsBeside([]);
  return (
    <div role="alert">
      <EmptyState
        icon={FunnelX}
        title={cursor ? 'There is no such page of this list' : 'These filters cannot be used'}
        action={<Button onClick={onClear}>{cursor ? 'To the newest' : 'Clear the filters'}</Button>}
      >
        {fields.length ? fields.join('; ') : error.message}
      </EmptyState>
    </div>
  );
}
