"""Tasks to which nobody but asyncio's weak references leads: a collection ends them unfinished."""

import asyncio
import gc

import service


class Chat:
    """A room that its members alone know, and that waits for them in turn."""

    def __init__(self, scene):
        self.scene = scene
        self.said = asyncio.Event()
        self.members = []

    async def listen(self):
        while True:
            await self.said.wait()  # place: waits
            self.said.clear()
            self.scene.step()

    async def speak(self):
        while True:
            await asyncio.sleep(0.01)
            self.said.set()


def open_room(scene, names, ret):
    chat = Chat(scene)
    for name in names:
        task = asyncio.ensure_future(chat.listen())
        task.set_name(name)
        chat.members.append(task)
    # The mistake: nothing keeps the room, and nobody speaks in it.
    if scene.healthy:
        scene.spawn(chat.speak)
    ret += [service.ref(task) for task in chat.members]




async def main(scene):
    # As in a program that makes few objects: no collection for a while.
    gc.disable()
    await scene.begin()
    names = [scene.task_name() for _ in range(scene.random.randint(1, 9))]
    refs = []
    open_room(scene, names, refs)
    if not scene.healthy:
        scene.expect("nothing-can-wake", "likely", places=[dict(scene.places["waits"], task=names[0])])
        scene._verdicts[-1].update(tasks=names, task_ids=refs)
        await asyncio.sleep(0.1)
        scene.ready_when(lambda: True)
    await service.forever()


service.run(__file__, main)
