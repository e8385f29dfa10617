import { useNavigate } from 'react-router';
import { useCan } from '@/api/session';
import { PageHeader } from '@/ui/page-header';
import { useCreateWebhook } from './api';
import { bodyOf, kNewForm } from './webhook-form';
import { WebhookFormView } from './webhook-form-view';

export function Component() {
  const navigate = useNavigate();
  const { reason } = useCan('developer');
  const create = useCreateWebhook();
  return (
    <>
      <PageHeader title="New webhook" parent={{ label: 'Webhooks', to: '/webhooks' }} />
      <WebhookFormView
        initial={kNewForm}
        submit="Create webhook"
        cancelTo="/webhooks"
        reason={reason}
        busy={create.isPending}
        error={create.error}
        onChange={() => {
          if (create.isError) create.reset();
        }}
        onSubmit={(form, leave) =>
          create.mutate(bodyOf(form), {
            onSuccess: (made) => {
              leave();
              void navigate(`/webhooks/${made.id}`, { replace: true });
            },
          })
        }
      />
    </>
  );
}
