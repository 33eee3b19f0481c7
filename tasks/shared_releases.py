"""The current release in the object store, for machines that serve and do not run the loop."""

import json

from prefect import task
from prefect.cache_policies import NO_CACHE

from recognition.release.bundle import MANIFEST
from recognition.release.pointer import POINTER, current_release_id
from tasks.loop import Loop, stage
from warehouse.objects import ObjectStore


@task(name="share release", cache_policy=NO_CACHE)
def share_release(loop: Loop) -> None:
    """Put the bundle there, its manifest after its files, and the pointer last; what is there is not sent again.

    Raises:
        ObjectStoreError: the object store refuses.
    """
    objects, root = loop.parts.settings.cluster.objects, loop.parts.paths.releases
    release_id = current_release_id(root)
    if objects is None or release_id is None:
        return
    with stage(loop, "share release") as done:
        store = ObjectStore(objects)
        pointer = (root / POINTER).read_bytes()
        there = store.names(f"releases/{release_id}")
        files = [path for path in sorted((root / release_id).iterdir()) if path.name != MANIFEST]
        for path in [*files, root / release_id / MANIFEST]:
            if f"releases/{release_id}/{path.name}" not in there:
                store.put(f"releases/{release_id}/{path.name}", path)
        store.write(f"releases/{POINTER}", pointer)
        done.summary = f"{json.loads(pointer)['release_id']} to {objects}"
