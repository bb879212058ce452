# SPDX-License-Identifier: MIT OR Apache-2.0
"""The camera against aiohomekit, the controller inside Home Assistant."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohomekit.controller.ip.pairing import IpPairing
from aiohomekit.exceptions import AuthenticationError, UnavailableError
from aiohomekit.protocol.tlv import TLV

from hsv_testkit import database as db
from hsv_testkit import third_party
from hsv_testkit.accessory import Accessory
from hsv_testkit.database import Database, Type
from hsv_testkit.live import control
from hsv_testkit.live.control import VideoSelection
from hsv_testkit.live.leg import Contract, Leg
from hsv_testkit.live.streams import PictureStream
from hsv_testkit.media import jpeg_size

Story = Callable[[IpPairing], Awaitable[None]]


def tell(camera: Accessory, story: Story) -> None:
    """Pairs, runs the story, removes the pairing and pairs once more."""

    async def whole() -> None:
        controller = third_party.ip_controller()
        for part in (story, None):
            pairing = await third_party.pair(
                controller, camera.host, camera.port, camera.setup_code
            )
            if part is not None:
                await part(pairing)
            assert await pairing.remove_pairing(pairing.pairing_data["iOSPairingId"])

    asyncio.run(asyncio.wait_for(whole(), 60))


async def database(pairing: IpPairing) -> Database:
    return Database({"accessories": await pairing.list_accessories_and_characteristics()})


def test_pairs_lists_and_pairs_again(camera: Accessory) -> None:
    async def story(pairing: IpPairing) -> None:
        base = await database(pairing)
        services = {db.short(service["type"]) for service in base.services()}
        assert {"3E", "A2", "110", "85", "21A", "204", "129"} <= services
        (own,) = await pairing.list_pairings()
        assert own["pairingId"] == pairing.pairing_data["iOSPairingId"]
        assert own["controllerType"] == "admin"

    tell(camera, story)


def test_reads_and_writes(camera: Accessory) -> None:
    async def story(pairing: IpPairing) -> None:
        base = await database(pairing)
        key = (base.aid, base.iid(db.RTP_ACTIVE))
        assert (await pairing.get_characteristics([key]))[key]["value"] == 1
        assert await pairing.put_characteristics([(*key, 0)]) == {}
        assert (await pairing.get_characteristics([key]))[key]["value"] == 0
        name = (base.aid, base.iid(db.NAME))
        refused = await pairing.put_characteristics([(*name, "x")])
        assert refused[name]["status"] == -70404

    tell(camera, story)


def test_timed_writes(camera: Accessory) -> None:
    async def story(pairing: IpPairing) -> None:
        base = await database(pairing)
        aid, iid = base.aid, base.iid(db.RECORDING_AUDIO)
        refused = await pairing.put_characteristics([(aid, iid, 1)])
        assert refused[(aid, iid)]["status"] == -70410
        put = pairing.connection.put_json
        assert await put("/prepare", {"ttl": 5000, "pid": 77}) == {"status": 0}
        entry = {"aid": aid, "iid": iid, "value": 1}
        assert not await put("/characteristics", {"characteristics": [entry], "pid": 77})
        assert (await pairing.get_characteristics([(aid, iid)]))[(aid, iid)]["value"] == 1

    tell(camera, story)


def test_subscribes_and_gets_an_event(camera: Accessory) -> None:
    async def story(pairing: IpPairing) -> None:
        base = await database(pairing)
        key = (base.aid, base.iid(db.MOTION_DETECTED))
        seen: asyncio.Queue[dict[Any, Any]] = asyncio.Queue()
        pairing.dispatcher_connect(seen.put_nowait)
        assert await pairing.subscribe([key]) == {}
        camera.trigger_motion()
        while key not in (event := await asyncio.wait_for(seen.get(), 5)):
            pass
        assert event[key]["value"]

    tell(camera, story)


def test_takes_a_snapshot(camera: Accessory) -> None:
    async def story(pairing: IpPairing) -> None:
        image = await pairing.image(1, 640, 360)
        assert image, "no picture"
        jpeg_size(image)

    tell(camera, story)


def test_sets_up_live_video(camera: Accessory) -> None:
    """The control writes by aiohomekit's connection and its own TLV8, pictures by our viewer."""

    async def story(pairing: IpPairing) -> None:
        base = await database(pairing)
        setup = (base.aid, base.iid(db.SETUP_ENDPOINTS))
        selected = (base.aid, base.iid(db.SELECTED_RTP))
        put, pictures, chosen = pairing.put_characteristics, PictureStream(), VideoSelection()
        with Leg(camera.host) as video, Leg(camera.host) as audio:
            endpoint = control.Endpoint(camera.host, video.port, audio.port)
            request = control.SetupRequest(endpoint)
            assert await put([(*setup, control.text(request.encode()))]) == {}
            value = (await pairing.get_characteristics([setup]))[setup]["value"]
            told = {kind: bytes(part) for kind, part in TLV.decode_bytes(base64.b64decode(value))}
            assert (told[1], told[2]) == (request.session_id, b"\0")
            answer = control.SetupAnswer.parse(base64.b64decode(value))
            video.open(Contract.of_video(request, answer, chosen, pictures.push))
            start = control.start(request.session_id, chosen, control.AudioSelection())
            assert await put([(*selected, control.text(start))]) == {}
            await asyncio.to_thread(pictures.wait_more, 20)
            end = control.command(request.session_id, control.END)
            assert await put([(*selected, control.text(end))]) == {}
            assert not video.problems + pictures.problems

    tell(camera, story)


def test_a_wrong_code_and_a_paired_camera_are_told_apart(camera: Accessory) -> None:
    async def whole() -> None:
        controller = third_party.ip_controller()
        where = (controller, camera.host, camera.port)
        with pytest.raises(AuthenticationError):
            await third_party.pair(*where, "111-22-334")
        pairing = await third_party.pair(*where, camera.setup_code)
        with pytest.raises(UnavailableError):
            await third_party.pair(*where, camera.setup_code)
        await pairing.shutdown()

    asyncio.run(asyncio.wait_for(whole(), 60))


def test_the_pairing_survives_a_power_cycle(camera: Accessory) -> None:
    async def whole() -> None:
        controller = third_party.ip_controller()
        pairing = await third_party.pair(controller, camera.host, camera.port, camera.setup_code)
        before = await database(pairing)
        await pairing.close()
        await asyncio.to_thread(camera.restart)
        again = controller.load_pairing("again", pairing.pairing_data)
        assert again is not None
        assert (await database(again)).iid(Type("3E", "23")) == before.iid(Type("3E", "23"))
        await again.shutdown()

    asyncio.run(asyncio.wait_for(whole(), 60))
