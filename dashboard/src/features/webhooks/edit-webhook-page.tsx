import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate, useParams } from 'react-router';
import type { Webhook } from '@/api/models';
import { useCan } from '@/api/session';
import { webhookName, webhookQuery } from '@/api/webhooks';
import { Card } from '@/ui/card';
import { PageHeader } from '@/ui/page-header';
import { ErrorState, Note, SkeletonText } from '@/ui/states';
import { useChangeWebhook } from './api';
import { formOf, patchOf, reverseOf } from './webhook-form';
import { WebhookFormView } from './webhook-form-view';

export function Component() {
  const { id = '' } = useParams();
  const webhook = useQuery(webhookQuery(id));
  const title = webhook.data ? `Edit ${webhookName(webhook.data)}` : 'Edit webhook';
  return (
    <>
      <PageHeader
        title={title}
        heading={<span className="min-w-0 break-all">{title}</span>}
        parent={webhook.data ? { label: webhookName(webhook.data), to: `/webhooks/${id}` } : { label: 'Webhooks', to: '/webhooks' }}
      />
      {webhook.data ? (
        <Edit key={id} webhook={webhook.data} />
      ) : webhook.isError ? (
        <ErrorState error={webhook.error} onRetry={() => void webhook.refetch()} />
      ) : (
        <Card className="max-w-3xl">
          <SkeletonText lines={9} />
        </Card>
      )}
    </>
  );
}

function Edit({ webhook }: { webhook: Webhook }) {
  const navigate = useNavigate();
  const { reason } = useCan('developer');
  // What it was when the form opened: what others change meanwhile stays theirs.
  const [before] = useState(webhook);
  const [initial] = useState(() => formOf(webhook));
  const save = useChangeWebhook(webhook.id);
  const to = `/webhooks/${webhook.id}`;
  return (
    <>
      {webhook.updated_at !== before.updated_at && !save.isPending && !save.isSuccess && (
        <div className="mb-4 max-w-3xl">
          <Note tone="warn">Somebody changed this webhook while the form is open. Only what you change here is written over it.</Note>
        </div>
      )}
      <WebhookFormView
        initial={initial}
        before={before}
        submit="Save changes"
        cancelTo={to}
        reason={reason}
        busy={save.isPending}
        error={save.error}
        onChange={() => {
          if (save.isError) save.reset();
        }}
        onSubmit={(form, leave) => {
          const body = patchOf(before, form);
          const done = (): void => {
            leave();
            void navigate(to);
          };
          if (body === null) done();
          else save.mutate({ body, reverse: reverseOf(before, body) }, { onSuccess: done });
        }}
      />
    </>
  );
}
