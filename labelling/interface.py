"""What the annotator sees: the labelling interface, the same for every task.

It fits a screen of 1366 x 768 without scrolling; most questions take one key and Ctrl+Enter. A name takes Tab before it
and Enter after it: Label Studio cannot be told to put the cursor into a field. So no small letter is a key, and while a
field waits for its name, Tab can lead nowhere else. What begins with `$` is task data, shown as text or picture and
never as HTML: titles come from strangers' shops.
"""

from xml.sax.saxutils import quoteattr

from labelling.payloads import (
    ANSWER_FIELD,
    BRAND_FIELD,
    CATALOGUE_FILE,
    GTIN_FIELD,
    NAME_FIELD,
    SKU_FIELD,
    STRAYS_FIELD,
    TYPED_SKU_FIELD,
    FixedChoice,
    picture_url,
)

# Label Studio has no setting that hides the panels about regions; a product question has none, so they only cost width.
# Candidates stand below their pictures, in the five columns of the sheet; the answers that are always there below them.
_STYLE = """
    .lsf-sidepanels { padding: 0 !important; }
    .lsf-sidepanels__wrapper { display: none; }
    .skuloop { display: flex; gap: 12px; align-items: flex-start; }
    .skuloop-photo { flex: 0 0 37%; min-width: 0; }
    .skuloop-answer { flex: 1 1 0; min-width: 0; }
    .skuloop-answer :is(h3, h4) { margin: 0 0 4px !important; font-size: 18px !important; }
    .skuloop-references { aspect-ratio: 1548 / 444; overflow: hidden; }
    .skuloop-references .lsf-toolbar { display: none; }
    .skuloop .lsf-choice__item { padding: 0; line-height: 1.25; margin: 0; height: 100%; }
    .skuloop .lsf-choice__checkbox { padding: 4px 6px; height: 100%; border: 1px solid #c3c8d2; border-radius: 6px;
        font-size: 13px; white-space: pre-line; overflow-wrap: anywhere; }
    .skuloop .lsf-choice .ant-checkbox { display: none; }
    .skuloop .lsf-choice .ant-checkbox + span { padding: 0; }
    .skuloop .ant-checkbox-wrapper-checked { background: #4c5fa9; border-color: #4c5fa9; color: #ffffff; }
    .skuloop .ant-checkbox-wrapper-checked * { color: #ffffff !important; }
    .skuloop .lsf-hint { font-size: 100%; top: 0; margin-left: 4px; font-weight: 700; }
    .skuloop-choices .lsf-choices { display: grid; grid-template-columns: repeat(5, minmax(0, 1fr)); gap: 6px;
        margin: 4px 0; }
    .skuloop-choices .lsf-choice { grid-row: 1; }
    .skuloop-choices .lsf-choice:nth-child(-n+4), .skuloop-choices .lsf-choice:last-child { grid-row: 2; }
    .skuloop-choices .lsf-choice:nth-child(1) { grid-column: 1; }
    .skuloop-choices .lsf-choice:nth-child(2) { grid-column: 2; }
    .skuloop-choices .lsf-choice:nth-child(3) { grid-column: 3; }
    .skuloop-choices .lsf-choice:nth-child(4) { grid-column: 4; }
    .skuloop-choices .lsf-choice:last-child { grid-column: 5; }
    .skuloop-strays { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; }
    .skuloop-strays:not(:has(.lsf-choice)) { display: none; }
    .skuloop-strays :is(h3, h4, h5, h6, p) { margin: 0 !important; font-size: 13px !important; }
    .skuloop-strays .lsf-choices { display: flex; flex-wrap: wrap; gap: 4px; margin: 0; }
    .skuloop-strays .lsf-choice__checkbox { min-width: 28px; text-align: center; justify-content: center; }
    .skuloop-strays .lsf-hint { display: none; }
    .skuloop-typed { display: flex; gap: 8px; margin-top: 6px; }
    .skuloop-typed[style*="none"], .skuloop-old { display: none !important; }
    .skuloop-typed > * { flex: 1 1 0; min-width: 0; }
    .skuloop-name { flex-grow: 2; }
    .skuloop-search .lsf-taxonomy, .skuloop-search .htx-taxonomy { width: 100%; }
    .htx-taxonomy-dropdown .ant-select-tree-list-holder { max-height: 240px !important; }
"""
# Until the field that an answer needs listens, or holds something, there is nothing else that Tab could lead to.
_WAITING = """
    .skuloop-name input:not(:focus),
    .skuloop-search .htx-taxonomy:not(:focus-within):has(.ant-select-selection-placeholder) {
        outline: 3px solid #e69a17; }
    body:has(.skuloop-typed:not([style*="none"]) .skuloop-name input:not(:focus))
        :is(a, button, [tabindex], .lsf-choices input):not(.skuloop-typed *),
    body:has(.skuloop-typed:not([style*="none"])
            .htx-taxonomy:not(:focus-within):not(.ant-select-open) .ant-select-selection-placeholder)
        :is(a, button, [tabindex], .lsf-choices input):not(.skuloop-typed *) { visibility: hidden; }
"""

_FIXED = {
    FixedChoice.NEW_PRODUCT: ("6", "New product"),
    FixedChoice.OTHER_SKU: ("7", "Another product"),
    FixedChoice.NOT_A_PRODUCT: ("8", "Not a product"),
    FixedChoice.BAD_PHOTO: ("9", "Bad photo"),
}
_FIXED_CHOICES = "\n".join(
    f'        <Choice value="{shown}" alias="{choice}" hotkey="{key}"/>' for choice, (key, shown) in _FIXED.items()
)


def labelling_config(site: str) -> str:
    """Return the labelling interface as Label Studio's XML.

    Args:
        site: address of Label Studio, as browsers know it: the search for another product loads its list from there.
    """
    catalogue = quoteattr(site.rstrip("/") + picture_url(CATALOGUE_FILE))
    return f"""<View className="skuloop">
  <Style>{_STYLE}{_WAITING}  </Style>
  <View className="skuloop-photo">
    <Image name="sheet" value="$sheet" zoom="true" zoomControl="true"/>
  </View>
  <View className="skuloop-answer">
    <Header value="$prompt" size="4"/>
    <View className="skuloop-references">
      <Image name="references" value="$references" zoom="true" defaultZoom="auto"/>
    </View>
    <View className="skuloop-choices">
      <Choices name="{ANSWER_FIELD}" toName="sheet" value="$choices" choice="single" layout="vertical" required="true"
               requiredMessage="Choose an answer by its key.">
{_FIXED_CHOICES}
      </Choices>
    </View>
    <View className="skuloop-strays">
      <Header value="Not like the others (Shift + letter):" size="5"/>
      <Choices name="{STRAYS_FIELD}" toName="sheet" value="$photos" choice="multiple" layout="inline"/>
    </View>
    <View className="skuloop-typed" visibleWhen="choice-selected" whenTagName="{ANSWER_FIELD}"
          whenChoiceValue="{FixedChoice.NEW_PRODUCT}">
      <View className="skuloop-name">
        <TextArea name="{NAME_FIELD}" toName="sheet" rows="1" maxSubmissions="1" editable="true" required="true"
                  requiredMessage="What is the new product called?" placeholder="Tab, name of the new product, Enter"/>
      </View>
      <TextArea name="{BRAND_FIELD}" toName="sheet" rows="1" maxSubmissions="1" editable="true"
                placeholder="Brand, Enter (if you see one)"/>
      <TextArea name="{GTIN_FIELD}" toName="sheet" rows="1" maxSubmissions="1" editable="true"
                placeholder="Barcode, Enter"/>
    </View>
    <View className="skuloop-typed skuloop-search" visibleWhen="choice-selected" whenTagName="{ANSWER_FIELD}"
          whenChoiceValue="{FixedChoice.OTHER_SKU}">
      <Taxonomy name="{SKU_FIELD}" toName="sheet" apiUrl={catalogue} maxUsages="1" minWidth="100%" required="true"
                requiredMessage="Which product is it?" placeholder="Tab, Enter, part of its name, brand or SKU"/>
    </View>
    <View className="skuloop-old">
      <TextArea name="{TYPED_SKU_FIELD}" toName="sheet"/>
    </View>
  </View>
</View>
"""
