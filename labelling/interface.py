"""What the annotator sees: the labelling interface, the same for every task.

It fits a screen of 1366 x 768 without scrolling; most questions take one key and Ctrl+Enter. A name takes Tab before it
and Enter after it: Label Studio cannot be told to put the cursor into a field. So no letter is a key, and while a field
waits for its name, Tab can lead nowhere else. What begins with `$` is task data, shown as text or picture and never as
HTML: titles come from strangers' shops.
"""

from labelling.payloads import ANSWER_FIELD, NAME_FIELD, SKU_FIELD, FixedChoice

# Label Studio has no setting that hides the panels about regions; a product question has none, so they only cost width.
_STYLE = """
    .lsf-sidepanels { padding: 0 !important; }
    .lsf-sidepanels__wrapper { display: none; }
    .skuloop { display: flex; gap: 24px; align-items: flex-start; }
    .skuloop-photo { flex: 0 0 38%; min-width: 0; }
    .skuloop-answer { flex: 1 1 0; min-width: 0; }
    .skuloop-references { max-height: 240px; overflow: hidden; }
    .skuloop-references .lsf-toolbar { display: none; }
    .skuloop .lsf-choices { display: grid; grid-template-columns: 3fr 2fr; column-gap: 24px; margin: 8px 0; }
    .skuloop .lsf-choices:not(:has(.lsf-choice:nth-child(5))) { grid-template-columns: 0 1fr; column-gap: 0; }
    .skuloop .lsf-choice { grid-column: 1; }
    .skuloop .lsf-choice:nth-child(-n+4) { grid-column: 2; }
    .skuloop .lsf-choice:nth-child(1) { grid-row: 1; }
    .skuloop .lsf-choice:nth-child(2) { grid-row: 2; }
    .skuloop .lsf-choice:nth-child(3) { grid-row: 3; }
    .skuloop .lsf-choice:nth-child(4) { grid-row: 4; }
    .skuloop .lsf-choice__item { padding: 0; line-height: 1.2; }
    .skuloop .lsf-choice__checkbox { padding: 6px 0; }
    .skuloop .ant-checkbox-wrapper-checked { background: rgba(97, 122, 218, 0.18); }
    .skuloop .lsf-hint { font-size: 100%; top: 0; margin-left: 6px; }
    .skuloop-typed input:not(:focus) { outline: 3px solid #e69a17; }
    body:has(.skuloop-typed:not([style*="none"]) input:not(:focus))
        :is(a, button, [tabindex], .lsf-choices input):not(.skuloop-typed *) { visibility: hidden; }
"""

_FIXED = {
    FixedChoice.NEW_PRODUCT: ("6", "New product"),
    FixedChoice.OTHER_SKU: ("7", "Another product (type its SKU)"),
    FixedChoice.NOT_A_PRODUCT: ("8", "Not a product"),
    FixedChoice.BAD_PHOTO: ("9", "Bad photo"),
}
_FIXED_CHOICES = "\n".join(
    f'      <Choice value="{shown}" alias="{choice}" hotkey="{key}"/>' for choice, (key, shown) in _FIXED.items()
)

_CONFIG = f"""<View className="skuloop">
  <Style>{_STYLE}  </Style>
  <View className="skuloop-photo">
    <Image name="sheet" value="$sheet" zoom="true" zoomControl="true"/>
  </View>
  <View className="skuloop-answer">
    <Header value="$prompt" size="4"/>
    <View className="skuloop-references">
      <Image name="references" value="$references" zoom="true" defaultZoom="auto"/>
    </View>
    <Choices name="{ANSWER_FIELD}" toName="sheet" value="$choices" choice="single" layout="vertical" required="true"
             requiredMessage="Choose an answer by its key.">
{_FIXED_CHOICES}
    </Choices>
    <View className="skuloop-typed" visibleWhen="choice-selected" whenTagName="{ANSWER_FIELD}"
          whenChoiceValue="{FixedChoice.NEW_PRODUCT}">
      <TextArea name="{NAME_FIELD}" toName="sheet" rows="1" maxSubmissions="1" editable="true" required="true"
                requiredMessage="What is the new product called?" placeholder="Tab, name of the new product, Enter"/>
    </View>
    <View className="skuloop-typed" visibleWhen="choice-selected" whenTagName="{ANSWER_FIELD}"
          whenChoiceValue="{FixedChoice.OTHER_SKU}">
      <TextArea name="{SKU_FIELD}" toName="sheet" rows="1" maxSubmissions="1" editable="true" required="true"
                requiredMessage="Which SKU does the product have?" placeholder="Tab, SKU of the product, Enter"/>
    </View>
  </View>
</View>
"""


def labelling_config() -> str:
    """Return the labelling interface as Label Studio's XML."""
    return _CONFIG
