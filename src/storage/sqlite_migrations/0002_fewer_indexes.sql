-- Every statement that writes a delivery opens all of its indexes: two do what five did.
-- Most deliveries succeed (state 1) and soon have no entry in either.
DROP INDEX deliveries_pending;
DROP INDEX deliveries_dead_of_event;
DROP INDEX deliveries_cancelled_of_event;
CREATE INDEX deliveries_of_event_by_state ON deliveries (organization_id, state, event_id) WHERE state <> 1;
DROP INDEX deliveries_dead_by_id;
DROP INDEX deliveries_cancelled;
CREATE INDEX deliveries_failed_by_state ON deliveries (organization_id, state, id) WHERE state > 1;
