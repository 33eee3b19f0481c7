"""What projects and tasks looked like that an earlier skuloop made: no search, no strays, no field `photos`."""

from typing import Any

from labelling.payloads import Question, question_payload

EARLIER_CONFIG = """<View className="skuloop">
  <View className="skuloop-photo">
    <Image name="sheet" value="$sheet" zoom="true" zoomControl="true"/>
  </View>
  <View className="skuloop-answer">
    <Header value="$prompt" size="4"/>
    <View className="skuloop-references">
      <Image name="references" value="$references" zoom="true" defaultZoom="auto"/>
    </View>
    <Choices name="answer" toName="sheet" value="$choices" choice="single" layout="vertical" required="true"
             requiredMessage="Choose an answer by its key.">
      <Choice value="New product" alias="answer:new_product" hotkey="6"/>
      <Choice value="Another product (type its SKU)" alias="answer:other_sku" hotkey="7"/>
      <Choice value="Not a product" alias="answer:not_a_product" hotkey="8"/>
      <Choice value="Bad photo" alias="answer:bad_photo" hotkey="9"/>
    </Choices>
    <View className="skuloop-typed" visibleWhen="choice-selected" whenTagName="answer"
          whenChoiceValue="answer:new_product">
      <TextArea name="product_name" toName="sheet" rows="1" maxSubmissions="1" editable="true" required="true"
                requiredMessage="What is the new product called?" placeholder="Tab, name of the new product, Enter"/>
    </View>
    <View className="skuloop-typed" visibleWhen="choice-selected" whenTagName="answer"
          whenChoiceValue="answer:other_sku">
      <TextArea name="other_sku" toName="sheet" rows="1" maxSubmissions="1" editable="true" required="true"
                requiredMessage="Which SKU does the product have?" placeholder="Tab, SKU of the product, Enter"/>
    </View>
  </View>
</View>
"""


def earlier_task(question: Question) -> dict[str, Any]:
    """The task of a question as that skuloop imported it."""
    data = dict(question_payload(question)["data"])
    del data["photos"]
    data["choices"] = [choice for choice in data["choices"] if choice["alias"] != "answer:several_products"]
    return {"data": data}


def earlier_typed_sku(sku: str) -> list[dict[str, Any]]:
    """The annotation of somebody who typed a SKU there."""
    answer = {"choices": ["answer:other_sku"]}
    return [
        {"from_name": "answer", "to_name": "sheet", "type": "choices", "value": answer},
        {"from_name": "other_sku", "to_name": "sheet", "type": "textarea", "value": {"text": [sku]}},
    ]
