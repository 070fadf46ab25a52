"""What COS posts of objects that were put."""
import json
import time


def record(key, **more):
    """Returns the record of an object that was put now. Its key is /appid/bucket/name, as in COS."""
    _, app, bucket, _ = key.split("/", 3)
    return {"cos": {"cosBucket": {"region": "gz", "name": bucket, "appid": app},
                    "cosObject": {"key": key, "size": 1}},
            "event": {"eventName": "cos:ObjectCreated:Put", "eventTime": int(time.time())}, **more}


def payload(*names):
    """Returns the text of a post of objects with these names in one bucket."""
    return text_of(*(record(f"/1/b/{name}") for name in names))


def text_of(*records):
    """Returns the text of a post of these records, in UTF-8 as COS writes it."""
    return json.dumps({"Records": records}, ensure_ascii=False)
