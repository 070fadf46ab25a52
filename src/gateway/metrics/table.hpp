#pragma once

// What a shard counts, each metric declared in one line: of this table are made the shard's
// counters (shard_metrics.hpp), their sums (observe/snapshot.hpp), the Prometheus text with its
// help, the counters of /status, and the test that all of them are there.
//
//   OUTCOME, COUNTER, GAUGE (member, sum, help)
//   OUTCOME_BY, COUNTER_BY, GAUGE_BY (member, sum, enum of its label, name of its label, help)
//   HISTOGRAM (member, sum, help)
//
// A metric is cos_gateway_<member>, with _total for a counter and _seconds for a histogram; `sum`
// is the member of Snapshot. An OUTCOME is a counter of what became of events: received events less
// their sum are in flight. Snapshots read the rows in this order, outcomes first, so that no event
// seems to be finished that was not received.
#define COS_GATEWAY_METRICS(OUTCOME, OUTCOME_BY, COUNTER, COUNTER_BY, GAUGE, GAUGE_BY, HISTOGRAM)  \
  OUTCOME(events_delivered, delivered, "Events the eventbus acknowledged.")                        \
  OUTCOME(events_dead_lettered, dead_lettered, "Events kept as dead letters.")                     \
  OUTCOME(events_spooled, spooled, "Events kept in the spool.")                                    \
  OUTCOME(events_filtered, filtered, "Events that the configuration leaves out.")                  \
  OUTCOME_BY(events_failed, failed, FailReason, "reason", "Events given up, by reason.")           \
  COUNTER(records_received, received, "Records and CloudEvents taken in.")                         \
  COUNTER(unknown_bucket_records, unknown_bucket,                                                  \
          "Records of a bucket that no entry of buckets names.")                                   \
  COUNTER_BY(bucket_refusals, bucket_refusals, BucketRefusal, "reason",                            \
             "Posts answered 422 for the bucket of a record, by reason.")                          \
  COUNTER_BY(events_retried, retried, RetryReason, "reason", "Attempts made again, by reason.")    \
  COUNTER(events_replayed, replayed, "Events of the spool delivered later, or made dead letters.") \
  COUNTER(events_expired, expired,                                                                 \
          "Events of the spool older than spool.max_age that the eventbus kept failing.")          \
  GAUGE(unaccounted_records, unaccounted, "Records nobody knows the end of: a bug, unless 0.")     \
  COUNTER(posts_abandoned, posts_abandoned, "Posts whose client was gone before the answer.")      \
  COUNTER_BY(posts_unauthorized, unauthorized, AuthFailure, "reason",                              \
             "Posts answered 401, by reason.")                                                     \
  COUNTER_BY(posts_unavailable, unavailable, Unavailable, "reason",                                \
             "Posts answered 503, by reason.")                                                     \
  COUNTER(signatures_forgotten, signatures_forgotten,                                              \
          "Signatures that could come again before gateway.replay_window was over.")               \
  COUNTER_BY(connections_refused, refused, ConnectionLimit, "limit",                               \
             "Client connections beyond a limit, by limit.")                                       \
  COUNTER(connections_shed, connections_shed, "Idle client connections closed to make room.")      \
  COUNTER(proxy_headers_refused, proxy_headers_refused,                                            \
          "Connections closed for want of a good PROXY header (gateway.proxy_protocol).")          \
  COUNTER(accept_pauses, accept_pauses,                                                            \
          "Times no connection could be accepted for want of descriptors or memory.")              \
  COUNTER(tls_handshakes, tls_handshakes, "TLS handshakes of clients that were completed.")        \
  COUNTER(tls_resumptions, tls_resumptions, "Of those, the ones that resumed a session.")          \
  COUNTER_BY(tls_failures, tls_failures, TlsFailure, "reason",                                     \
             "TLS connections of clients that failed, by reason.")                                 \
  COUNTER(tap_events, tap_events, "Events told to those who watch the live view.")                 \
  GAUGE(queue_events, queue_events, "Events that wait for a connection.")                          \
  GAUGE(queue_bytes, queue_bytes, "Bytes of the events in flight.")                                \
  GAUGE(connections, connections, "Client connections.")                                           \
  GAUGE(in_flight_bytes, in_flight_bytes, "Bytes of posts not yet answered.")                      \
  GAUGE_BY(eventbus_connections, links, LinkState, "state",                                        \
           "Connections to the eventbus, by state.")                                               \
  GAUGE_BY(eventbus_state, eventbus, EndpointState, "state",                                       \
           "Threads by what they think of the eventbus.")                                          \
  GAUGE(eventbus_pipeline_depth, pipeline_depth,                                                   \
        "Requests that may be in flight on all eventbus connections together.")                    \
  HISTOGRAM(post_duration, post_duration, "From a complete post to its answer.")                   \
  HISTOGRAM(delivery_duration, delivery_duration, "From sending an event to its acknowledgement.") \
  HISTOGRAM(loop_lag, loop_lag, "How late the ticks of the event loops are.")
