"""Where Leveret does otherwise than RabbitMQ 3.10, and why; `leveret.json` has what it does.

The reference is RabbitMQ 4: where that has changed, Leveret goes with it.
"""

NEWER = "RabbitMQ 4 does so"
ON_PURPOSE = "on purpose"

DIFFERENCES = {
    "permissions": (
        NEWER,
        "the text names the operation that is refused, and passive declarations need a permission",
    ),
    "topic_permissions": (NEWER, "the text names the operation that is refused"),
    "user_limits": (NEWER, "the text begins with a capital letter"),
    "exchange_declared_again": (NEWER, "an unknown type closes the channel, not the connection"),
    "exchange_refusals": (NEWER, "an unknown type closes the channel, not the connection"),
    "dead_letter_rejected": (NEWER, "`x-last-death-...` headers are added"),
    "dead_letter_expired": (NEWER, "`x-last-death-...` headers are added"),
    "dead_letter_cycle": (NEWER, "`x-last-death-...` headers are added"),
    "quorum_declared": (NEWER, "quorum queues refuse `reject-publish-dlx`"),
    "publish_expiration_wrong": (
        ON_PURPOSE,
        "an `expiration` of more than seven weeks is taken, where RabbitMQ refuses it",
    ),
    "stream_declared": (ON_PURPOSE, "there are no streams"),
    "frames_wrong": (
        ON_PURPOSE,
        "texts have no dump of the frame, and where RabbitMQ says nothing there is a code",
    ),
    "handshake_wrong": (
        ON_PURPOSE,
        "the answer comes at once, where RabbitMQ waits for seconds before it closes",
    ),
}
