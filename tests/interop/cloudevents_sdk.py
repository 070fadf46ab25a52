"""Awkward events, made, sent and read by the CloudEvents SDK for Python, through the gateway in every
mode of posting and delivery."""
import json
import pathlib
import unittest

from cloudevents.core.bindings import http as binding
from cloudevents.core.formats.json import JSONFormat

import gateway

EVENTS = json.loads(pathlib.Path(__file__).with_name("awkward_events.json").read_text())
BATCH = "application/cloudevents-batch+json"
FORMAT = JSONFormat()


def made(event):
    """The SDK's event. It would add the time of now to one without."""
    return FORMAT.read(None, json.dumps({"time": "2024-02-29T12:00:00Z", **event}))


def comparable(event):
    attributes = {name: str(value).lower() if isinstance(value, bool) else str(value)
                  for name, value in event.get_attributes().items() if name != "time"}
    if event.get_data() is None:
        # An event without data may or may not name the type of the data it does not have.
        attributes.pop("datacontenttype", None)
    return attributes, event.get_time(), event.get_data()


def read(message):
    """The events of a request to the eventbus."""
    fields, body = message
    if fields.get("Content-Type", "").startswith(BATCH):
        return [FORMAT.read(None, json.dumps(event)) for event in json.loads(body)]
    return [binding.from_http_event(binding.HTTPMessage(fields, body))]


def batch(events):
    body = b"[" + b",".join(FORMAT.write(event) for event in events) + b"]"
    return binding.HTTPMessage({"content-type": BATCH}, body)


WAYS = {"binary": lambda event: binding.to_binary_event(event),
        "structured": lambda event: binding.to_structured_event(event),
        "batch": lambda event: batch([event])}


class AwkwardEvents(unittest.TestCase):
    maxDiff = None

    def test_arrive_as_they_were_sent(self):
        eventbus = gateway.Recorder()
        for delivery in WAYS:
            with gateway.running(eventbus, delivery) as post:
                for way, encode in WAYS.items():
                    for event in map(made, EVENTS):
                        with self.subTest(delivery=delivery, posted=way, id=event.get_id()):
                            self.check_one(eventbus, post, event, encode(event))
        eventbus.stop()

    def check_one(self, eventbus, post, event, message):
        self.assertEqual(post(message.headers, message.body), (200, '{"records":1}'))
        requests = eventbus.take()
        self.assertEqual(len(requests), 1)
        arrived = read(requests[0])
        self.assertEqual([comparable(it) for it in arrived], [comparable(event)])

    def test_arrive_as_a_batch(self):
        eventbus = gateway.Recorder()
        events = list(map(made, EVENTS))
        for delivery in WAYS:
            with self.subTest(delivery=delivery), gateway.running(eventbus, delivery) as post:
                message = batch(events)
                answer = post(message.headers, message.body)
                self.assertEqual(answer, (200, f'{{"records":{len(events)}}}'))
                arrived = {event.get_id(): event for it in eventbus.take() for event in read(it)}
                self.assertEqual({id: comparable(event) for id, event in arrived.items()},
                                 {event.get_id(): comparable(event) for event in events})
        eventbus.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
