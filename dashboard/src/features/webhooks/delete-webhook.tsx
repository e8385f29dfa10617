import type { Webhook } from '@/api/models';
import { webhookName } from '@/api/webhooks';
import { ConfirmDialog } from '@/ui/dialog';
import { useDeleteWebhook } from './api';

/// Asks, and deletes. `webhook` null: closed.
export function DeleteWebhook({ webhook, onClose, onDeleted }: { webhook: Webhook | null; onClose: () => void; onDeleted?: () => void }) {
  const remove = useDeleteWebhook();
  return (
    <ConfirmDialog
      open={webhook !== null}
      onClose={onClose}
      danger
      title="Delete this webhook?"
      confirm="Delete"
      onConfirm={async () => {
        if (!webhook) return;
        await remove(webhook);
        onDeleted?.();
      }}
    >
      {webhook && (
        <>
          <p>
            <span className="text-ink font-medium break-all">{webhookName(webhook)}</span> gets no more events. Its pending deliveries are cancelled, its secret is gone. This cannot be undone.
          </p>
          <p>To stop it for a while, pause it: then its deliveries wait.</p>
        </>
      )}
    </ConfirmDialog>
  );
}
