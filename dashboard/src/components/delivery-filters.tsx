/// The filters that the lists of deliveries and of dead letters share.
///   const kParams = { status: …, ...kDeliveryParams };
///   <DeliveryFilterFields filters={filters} onChange={setFilters} />   get('/api/deliveries', { query: deliveryQuery(filters) })
import { useQuery } from '@tanstack/react-query';
import { ListFilter } from 'lucide-react';
import { useState } from 'react';
import { allWebhooksQuery, webhookName } from '@/api/webhooks';
import { cx } from '@/lib/cx';
import { resolveTime, text, time, type Values } from '@/lib/url-state';
import { Button } from '@/ui/button';
import { FilterSelect, FilterText, FilterTime } from '@/ui/filter-bar';

export const kDeliveryParams = { webhook_id: text(), type: text(), tenant: text(), event_id: text(), after: time(), before: time() };
export type DeliveryFilters = Values<typeof kDeliveryParams>;

/// As the API wants them.
export function deliveryQuery({ webhook_id, type, tenant, event_id, after, before }: DeliveryFilters) {
  return {
    webhook_id: webhook_id || undefined,
    type: type || undefined,
    tenant: tenant || undefined,
    event_id: event_id || undefined,
    after: resolveTime(after),
    before: resolveTime(before),
  };
}

export function DeliveryFilterFields({ filters, onChange }: { filters: DeliveryFilters; onChange: (patch: Partial<DeliveryFilters>) => void }) {
  // On a telephone they would fill the screen before anything is found.
  const [wanted, setWanted] = useState(false);
  const all = wanted || filters.tenant !== '' || filters.event_id !== '';
  return (
    <>
      <WebhookFilter value={filters.webhook_id} onChange={(webhook_id) => onChange({ webhook_id })} />
      <FilterText label="Event type" value={filters.type} onChange={(type) => onChange({ type })} />
      <div className={cx('contents', !all && 'max-sm:hidden')}>
        <FilterText label="Tenant" value={filters.tenant} onChange={(tenant) => onChange({ tenant })} />
        <FilterText label="Event id" value={filters.event_id} onChange={(event_id) => onChange({ event_id })} />
      </div>
      {!all && (
        <Button variant="ghost" icon={ListFilter} className="sm:hidden" onClick={() => setWanted(true)}>
          More filters
        </Button>
      )}
      <FilterTime after={filters.after} before={filters.before} onChange={onChange} />
    </>
  );
}

function WebhookFilter({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const { data } = useQuery(allWebhooksQuery);
  const options = (data ?? []).map((webhook) => ({ value: webhook.id, label: webhookName(webhook) }));
  // A deleted one, or one beyond the bound of what is loaded.
  if (value && !options.some((one) => one.value === value)) options.unshift({ value, label: value });
  return <FilterSelect label="Webhook" value={value || undefined} options={options} onChange={(next) => onChange(next ?? '')} />;
}
