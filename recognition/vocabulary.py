"""The closed vocabularies that every room shares. docs/glossary.md explains each word."""

from enum import StrEnum


class Tier(StrEnum):
    """How a class (SKU) takes part in recognition."""

    TRAINED = "trained"
    GALLERY = "gallery"
    QUARANTINED = "quarantined"


class TierReason(StrEnum):
    """Why a class has its tier."""

    ENOUGH_SAMPLES = "enough_samples"
    KEPT_BY_HYSTERESIS = "kept_by_hysteresis"
    TOO_FEW_SAMPLES = "too_few_samples"
    NO_USABLE_SAMPLE = "no_usable_sample"
    CONFLICTING_LABELS = "conflicting_labels"


class PictureReason(StrEnum):
    """What the quality rules say of one picture; everything but OK keeps it out of training and recognition."""

    OK = "ok"
    UNREADABLE = "unreadable"
    UNSUPPORTED_FORMAT = "unsupported_format"
    TOO_SMALL = "too_small"
    TOO_LARGE = "too_large"
    BLANK = "blank"
    BLURRED = "blurred"
    MISSING = "missing"


class IsolationMethod(StrEnum):
    """How an encoder finds the product on a picture; see `recognition.isolation`."""

    NONE = "none"
    ATTENTION = "attention"
    FOREGROUND = "foreground"
    BOX = "box"


class Part(StrEnum):
    """Which side of the sticky 90/10 split a near-duplicate group is on."""

    TRAIN = "train"
    HOLDOUT = "holdout"


class Verdict(StrEnum):
    """What the recogniser believes of a photo."""

    SURE = "sure"
    UNSURE = "unsure"
    UNSEEN = "unseen"


class SuperclassMethod(StrEnum):
    """How superclasses are found among the class prototypes."""

    UMAP = "umap"
    WARD = "ward"


class LabelOrigin(StrEnum):
    """Where a label comes from; a person outranks the catalogue and the folder."""

    CATALOGUE = "catalogue"
    FOLDER = "folder"
    ANNOTATOR = "annotator"


class LabelKind(StrEnum):
    """What a label event says of a photo."""

    SKU = "sku"
    NOT_A_PRODUCT = "not_a_product"
    BAD_PHOTO = "bad_photo"
    WITHDRAWN = "withdrawn"


class QuestionKind(StrEnum):
    """What a review task asks."""

    WHICH_PRODUCT = "which_product"
    ONE_PRODUCT = "one_product"


class QuestionArm(StrEnum):
    """Why a photo was chosen for review; the random arm measures what the choice is worth."""

    UNSURE = "unsure"
    UNSEEN = "unseen"
    RANDOM = "random"


class FetchReason(StrEnum):
    """Why something a source offered was not taken (closed taxonomy of crawl failures)."""

    DNS = "dns"
    REFUSED = "refused"
    PRIVATE_ADDRESS = "private_address"
    TIMEOUT = "timeout"
    TLS = "tls"
    HTTP_4XX = "http_4xx"
    HTTP_5XX = "http_5xx"
    RATE_LIMITED = "rate_limited"
    BLOCKED = "blocked"
    ROBOTS = "robots"
    NOINDEX = "noindex"
    REDIRECT = "redirect"
    TOO_LARGE = "too_large"
    NO_PRODUCT = "no_product"
    PARSE = "parse"
    DUPLICATE = "duplicate"
    SITE_CHANGED = "site_changed"
    BAD_IMAGE = "bad_image"
    UNREADABLE_FILE = "unreadable_file"
    NETWORK = "network"


class AnswerReason(StrEnum):
    """Why an answer from Label Studio was set aside instead of becoming a label."""

    UNKNOWN_CLASS = "unknown_class"
    UNKNOWN_TASK = "unknown_task"
    MALFORMED = "malformed"
    MISSING_NAME = "missing_name"
    CONTRADICTORY = "contradictory"


class RunStatus(StrEnum):
    """How a flow run stands."""

    RUNNING = "running"
    COMPLETED = "completed"
    DEGRADED = "degraded"
    FAILED = "failed"
    SKIPPED = "skipped"
    CRASHED = "crashed"


class GateReason(StrEnum):
    """Why a candidate was published or refused."""

    FIRST_RELEASE = "first_release"
    NOT_WORSE = "not_worse"
    WORSE_THAN_INCUMBENT = "worse_than_incumbent"
    WORSE_THAN_BASELINE = "worse_than_baseline"
    CLASSES_LOST = "classes_lost"
    PROMISE_BROKEN = "promise_broken"
    REPLACES_DAMAGED = "replaces_damaged"
    PRODUCTS_REFRESHED = "products_refreshed"
    WITHDRAWN = "withdrawn"


class ReleaseStatus(StrEnum):
    """What became of a trained candidate."""

    PUBLISHED = "published"
    REFUSED = "refused"
    ROLLED_BACK = "rolled_back"
