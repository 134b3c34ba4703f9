"""Further people of the demo and what they asked for: names from everywhere, some that try to break a page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sealwright.domain.requests import RequestState

_PENDING, _APPROVED = RequestState.PENDING, RequestState.APPROVED
_REJECTED, _WITHDRAWN = RequestState.REJECTED, RequestState.WITHDRAWN

# Two people never share an address: the number in front keeps them apart.
NAMES: Final = (
    "Ana Muñoz", "Nguyễn Thị Hạnh", "陳大文", "محمد الأحمد", "Zoë Šťastná", "Óscar Ibáñez Peña",
    '<script>alert("hello")</script>', "Robert'); DROP TABLE people;--", "שרה לוי", "Anne-Marie O’Neill",
    "Jürgen Groß", "Łukasz Żółć", "Ελένη Παπαδοπούλου", "Иван Петрович Сидоров", "김민준", "さくら 高橋",
    "अनीता शर्मा", "Tomás Ó Súilleabháin", "=SUM(A1:A9)", "Maria del Carmen Fernández de la Vega y Rodríguez",
    "Li", "Amara Okafor", "Björk Guðmundsdóttir", "Þórarinn Eyfjörð", "Trần Văn Ðức", "李小龍", "فاطمة الزهراء",
    "Kwame Nkrumah Mensah", "Sofía & Hijos <b>bold</b>", "Renée Désirée", "Mateus Conceição", "Ngozi Adébáyò",
    "Siobhán Ní Bhriain", "Håkon Sæther", "Çağla Yıldız", "Văn Thành Phạm", "Darío Núñez", "Lupe Ramírez",
    "Malia Kealoha", "Joaquín Güiraldes", "Noor van den Berg", "Élodie Lefèvre", "Marek Dvořák", "Tala Reyes",
    "Ines Álvarez", "Pekka Hämäläinen", "Rosa Benítez", "Grace Kim",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DemoRequest:
    """One request of the demo.

    Args:
        person: Position in `NAMES`.
        asked_hours: So many hours before the demo was made.
        decided_hours: The decision came so many hours after the request; None where there is none.
        expires_days: The grant ends so many days after the demo was made; None: never.
    """

    person: int
    credential_type: str
    state: RequestState
    asked_hours: int
    decided_hours: int | None = None
    note: str | None = None
    message: str | None = None
    needs_info: bool = False
    earlier_rejections: int = 0
    expires_days: int | None = None

    @property
    def asked_before(self) -> timedelta:
        """How long before now it was asked."""
        return timedelta(hours=self.asked_hours)


_DPW: Final = "dpw_certified"
_VERIFIER: Final = "sfluv_verifier"
_REASONS: Final = (
    ("Certificate has expired", "The certificate has expired; please send a current one."),
    ("Name does not match", "The name on the certificate is not yours; please explain."),
    ("Nobody vouched", "We need two members of the community who vouch for you."),
    ("Certificate has expired", "The certificate has expired; please send a current one."),
    ("Introduction missed", "Please attend the introduction first."),
)


def demo_requests() -> tuple[DemoRequest, ...]:
    """The 60 requests: 24 pending (4 with a question), 20 approved, 12 rejected, 4 withdrawn; ages from now to 80 days.

    Whoever was rejected asks again, so that some requests have a past.
    """
    pending = tuple(
        DemoRequest(
            person=number,
            credential_type=_DPW if number % 3 else _VERIFIER,
            state=_PENDING,
            asked_hours=1 + number * 5,
            needs_info=number % 6 == 5,
            message="Could you add a photo of the certificate’s back?" if number % 6 == 5 else None,
        )
        for number in range(20)
    )
    approved = tuple(
        DemoRequest(
            person=20 + number,
            credential_type=_DPW if number % 2 else _VERIFIER,
            state=_APPROVED,
            asked_hours=60 + number * 90,
            decided_hours=2 + number * 4,
            expires_days=5 + number * 6 if number % 3 == 0 else None,
        )
        for number in range(20)
    )
    rejected = tuple(
        DemoRequest(
            person=36 + number,
            credential_type=_VERIFIER if number % 2 else _DPW,
            state=_REJECTED,
            asked_hours=200 + number * 70,
            decided_hours=6 + number * 7,
            note=_REASONS[number % len(_REASONS)][0],
            message=_REASONS[number % len(_REASONS)][1],
        )
        for number in range(12)
    )
    again = tuple(
        DemoRequest(
            person=44 + number,
            credential_type=rejected[8 + number].credential_type,
            state=_PENDING,
            asked_hours=20 + number * 9,
            earlier_rejections=1,
        )
        for number in range(4)
    )
    withdrawn = tuple(
        DemoRequest(
            person=number * 5,
            credential_type=_DPW if number * 5 % 3 == 0 else _VERIFIER,
            state=_WITHDRAWN,
            asked_hours=300 + number * 24,
            decided_hours=12,
        )
        for number in range(4)
    )
    return (*pending, *approved, *rejected, *again, *withdrawn)
