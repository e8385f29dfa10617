/// In the place of a list that did not load: says which filter the server refuses, where it is that.
import { FunnelX } from 'lucide-react';
import { ApiError } from '@/api/errors';
import { Button } from '@/ui/button';
import { EmptyState, ErrorState } from '@/ui/states';

export function ListError({ error, onRetry, onClear }: { error: unknown; onRetry: () => void; onClear: () => void }) {
  // 400: a cursor of another list, from a link that is too old.
  if (!(error instanceof ApiError) || (error.status !== 422 && error.status !== 400)) return <ErrorState error={error} onRetry={onRetry} />;
  const fields = error.fieldsBeside([]);
  return (
    <div role="alert">
      <EmptyState icon={FunnelX} title="These filters cannot be used" action={<Button onClick={onClear}>Clear the filters</Button>}>
        {fields.length ? fields.join('; ') : error.message}
      </EmptyState>
    </div>
  );
}
