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
    WITHDRAWN = "withdrawn"


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
    PLACEHOLDER = "placeholder"
    NOT_PLAIN = "not_plain"  # said of views only: their photo shows no product that could be cut out


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
    SEVERAL_PRODUCTS = "several_products"
    WITHDRAWN = "withdrawn"


class QuestionKind(StrEnum):
    """What a review task asks."""

    WHICH_PRODUCT = "which_product"
    ONE_PRODUCT = "one_product"
    RIGHT_LABEL = "right_label"


class QuestionArm(StrEnum):
    """Why a photo was chosen for review; the random arm measures what the choice is worth."""

    UNSURE = "unsure"
    UNSEEN = "unseen"
    FEW_SAMPLES = "few_samples"
    CONFLICT = "conflict"
    SUSPECT = "suspect"
    GOLDEN = "golden"
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


class Attention(StrEnum):
    """What somebody is told of, because a person has to decide."""

    SOURCE_QUARANTINED = "source_quarantined"
    GATE_REFUSED = "gate_refused"
    PROMISE_BROKEN = "promise_broken"


class GateReason(StrEnum):
    """Why a candidate was published or refused."""

    FIRST_RELEASE = "first_release"
    NOT_WORSE = "not_worse"
    WORSE_THAN_INCUMBENT = "worse_than_incumbent"
    WORSE_THAN_BASELINE = "worse_than_baseline"
    CLASSES_LOST = "classes_lost"
    PROMISE_BROKEN = "promise_broken"
    INDEX_MISSES = "index_misses"
    REPLACES_DAMAGED = "replaces_damaged"
    PRODUCTS_REFRESHED = "products_refreshed"
    CATALOGUE_CHANGED = "catalogue_changed"
    WITHDRAWN = "withdrawn"


class ReleaseStatus(StrEnum):
    """What became of a trained candidate."""

    PUBLISHED = "published"
    REFUSED = "refused"
    ROLLED_BACK = "rolled_back"


class MatchReason(StrEnum):
    """Why two SKUs are one product, or may be."""

    SAME_GTIN = "same_gtin"
    SAME_BRAND_AND_MPN = "same_brand_and_mpn"
    LOOKS_ALIKE = "looks_alike"
    REVIEWED = "reviewed"


class MatchKind(StrEnum):
    """What is said of two SKUs; the last word counts."""

    MERGE = "merge"
    REFUSE = "refuse"
    UNDO = "undo"


class CrawlVerdict(StrEnum):
    """Whether what a crawl brought was let in."""

    NORMAL = "normal"
    HELD = "held"
    RELEASED = "released"
    DROPPED = "dropped"


class SourceFigure(StrEnum):
    """What is measured of a crawl before it is let in; shares, unless the name says otherwise."""

    LOG_ITEMS = "log_items"
    SOUND_ROWS = "sound_rows"
    KNOWN_SEEN = "known_seen"
    WITH_PRICE = "with_price"
    WITH_CURRENCY = "with_currency"
    WITH_AVAILABILITY = "with_availability"
    WITH_BRAND = "with_brand"
    WITH_GTIN = "with_gtin"
    WITH_CATEGORY = "with_category"
    WITH_PICTURE = "with_picture"
    DISTINCT_TITLES = "distinct_titles"
    DISTINCT_PICTURES = "distinct_pictures"
    LOG_PRICE = "log_price"
    LOG_PRICE_CHANGE = "log_price_change"
    SAME_CURRENCY = "same_currency"
    SAME_TITLE = "same_title"
    SAME_LABEL = "same_label"


class SourceReason(StrEnum):
    """Why a crawl is kept out."""

    FEWER_ITEMS = "fewer_items"
    DAMAGED_ROWS = "damaged_rows"
    FIELDS_MISSING = "fields_missing"
    ONE_TITLE = "one_title"
    ONE_PICTURE = "one_picture"
    PRICES_MOVED = "prices_moved"
    CURRENCY_CHANGED = "currency_changed"
    TITLES_REPLACED = "titles_replaced"
    LABELS_MOVED = "labels_moved"
