"""Persons become one customer by what they proved, and in no other way; a lead joins and parts them."""

from tests.router.customers.harness import (
    CHAT,
    MAIL,
    OTHER_TELEGRAM,
    PHONE,
    TELEGRAM,
    WHATSAPP,
    CustomersHarness,
)


async def test_same_proven_phone_joins_and_tells_both() -> None:
    customers = CustomersHarness()
    assert await customers.happen(customers.proven(TELEGRAM, "phone", "+371 2000 0001")) == []
    told = await customers.happen(customers.proven(WHATSAPP, "phone", PHONE, minute=1))
    assert customers.customers() == {(TELEGRAM, WHATSAPP)}
    assert [(person, one.change, one.evidence) for person, one in told] == [
        (TELEGRAM, "joined", ["phone"]),
        (WHATSAPP, "joined", ["phone"]),
    ]
    assert {one.customer for _, one in told} == {customers.customer_of(TELEGRAM)}


async def test_typed_names_and_usernames_join_nobody() -> None:
    customers = CustomersHarness()
    await customers.happen(
        customers.proven(CHAT, "email", "sara@example.com", proven=False),
        customers.proven(MAIL, "email", "sara@example.com"),
        customers.proven(TELEGRAM, "username", "sara"),
        customers.proven("instagram:shop:9", "username", "sara"),
    )
    assert customers.customers() == set()


async def test_same_mail_in_another_case_joins() -> None:
    customers = CustomersHarness()
    await customers.happen(customers.proven(CHAT, "email", "Sara@Example.com"))
    await customers.happen(customers.proven(MAIL, "email", "sara@example.com"))
    assert customers.customers() == {(MAIL, CHAT)}


async def test_short_codes_join_nobody() -> None:
    customers = CustomersHarness()
    await customers.happen(customers.proven(TELEGRAM, "phone", "1234"), customers.proven(WHATSAPP, "phone", "1234"))
    assert customers.customers() == set()


async def test_evidence_of_another_workspace_joins_nobody() -> None:
    customers = CustomersHarness()
    await customers.happen(customers.proven(TELEGRAM, "phone", PHONE))
    customers.workspace = "v"
    await customers.happen(customers.proven(WHATSAPP, "phone", PHONE))
    assert customers.customers() == set()


async def test_completed_handoff_joins() -> None:
    customers = CustomersHarness()
    told = await customers.happen(customers.linked("instagram:shop:9", CHAT))
    assert customers.customers() == {("instagram:shop:9", CHAT)}
    assert {one.evidence[0] for _, one in told} == {"handoff"}


async def test_two_ids_of_one_person_at_a_platform_join_on_one_account() -> None:
    customers, other = CustomersHarness(), "whatsapp:shop:LV.7700000000000001"
    await customers.happen(customers.proven(WHATSAPP, "platform", "LV.7700000000000001"))
    await customers.happen(customers.proven(other, "platform", "LV.7700000000000001"))
    assert customers.customers() == {(WHATSAPP, other)}


async def test_platform_id_of_one_platform_says_nothing_about_another() -> None:
    customers = CustomersHarness()
    await customers.happen(
        customers.proven(WHATSAPP, "platform", "77"), customers.proven("messenger:page:1", "platform", "77")
    )
    assert customers.customers() == set()


async def test_number_that_two_persons_of_an_account_proved_joins_only_the_first() -> None:
    customers = CustomersHarness()
    await customers.happen(customers.proven(TELEGRAM, "phone", PHONE))
    await customers.happen(customers.proven(WHATSAPP, "phone", PHONE, minute=1))
    told = await customers.happen(customers.proven(OTHER_TELEGRAM, "phone", PHONE, minute=2))
    assert customers.customers() == {(TELEGRAM, WHATSAPP)}
    conflicts = {(person, one.change, *one.others) for person, one in told}
    assert conflicts == {
        (TELEGRAM, "conflict_found", OTHER_TELEGRAM),
        (OTHER_TELEGRAM, "conflict_found", WHATSAPP),
    }


async def test_two_customers_with_persons_of_one_account_stay_two() -> None:
    customers = CustomersHarness()
    await customers.happen(
        customers.proven(TELEGRAM, "phone", PHONE),
        customers.proven(WHATSAPP, "phone", PHONE),
        customers.proven(OTHER_TELEGRAM, "email", "sara@example.com"),
        customers.proven(MAIL, "email", "sara@example.com"),
    )
    await customers.happen(customers.proven(WHATSAPP, "user", "u1", minute=5))
    told = await customers.happen(customers.proven(MAIL, "user", "u1", minute=5))
    assert customers.customers() == {(TELEGRAM, WHATSAPP), (MAIL, OTHER_TELEGRAM)}
    assert [one.change for _, one in told] == ["conflict_found"]


async def test_parted_persons_are_not_joined_again_by_the_same_or_other_evidence() -> None:
    customers = CustomersHarness()
    await customers.happen(customers.proven(TELEGRAM, "phone", PHONE), customers.proven(WHATSAPP, "phone", PHONE))
    part = customers.part(customers.customer_of(TELEGRAM), WHATSAPP)
    told = await customers.happen(part)
    assert customers.outcome(part).status == "applied"
    assert {(person, one.change, one.customer, one.by) for person, one in told} == {
        (TELEGRAM, "parted", None, "lina"),
        (WHATSAPP, "parted", None, "lina"),
    }
    await customers.happen(customers.proven(WHATSAPP, "phone", PHONE, minute=9))
    assert customers.customers() == set()
    await customers.happen(customers.proven(TELEGRAM, "user", "u1"), customers.proven(WHATSAPP, "user", "u1"))
    assert customers.customers() == set()


async def test_nobody_between_them_brings_parted_persons_together() -> None:
    customers = CustomersHarness()
    await customers.happen(customers.proven(TELEGRAM, "phone", PHONE), customers.proven(WHATSAPP, "phone", PHONE))
    await customers.happen(customers.part(customers.customer_of(TELEGRAM), WHATSAPP))
    await customers.happen(
        customers.proven(CHAT, "user", "u1"),
        customers.proven(TELEGRAM, "user", "u1"),
        customers.proven(CHAT, "phone", PHONE, minute=3),
    )
    assert customers.customers() == {(TELEGRAM, CHAT)}


async def test_lead_joins_whom_a_lead_parted() -> None:
    customers = CustomersHarness()
    await customers.happen(customers.proven(TELEGRAM, "phone", PHONE), customers.proven(WHATSAPP, "phone", PHONE))
    await customers.happen(customers.part(customers.customer_of(TELEGRAM), WHATSAPP))
    join = customers.join(TELEGRAM, WHATSAPP)
    await customers.happen(join)
    assert customers.customers() == {(TELEGRAM, WHATSAPP)}
    assert customers.outcome(join).result == customers.customer_of(WHATSAPP)


async def test_lead_joins_persons_of_one_account_without_evidence() -> None:
    customers = CustomersHarness()
    told = await customers.happen(customers.join(TELEGRAM, OTHER_TELEGRAM, by=None))
    assert customers.customers() == {(TELEGRAM, OTHER_TELEGRAM)}
    assert [one.evidence for _, one in told] == [["decision"], ["decision"]]


async def test_repeat_of_a_decision_changes_nothing() -> None:
    customers = CustomersHarness()
    join = customers.join(TELEGRAM, MAIL)
    await customers.happen(join)
    await customers.happen(customers.part(customers.customer_of(MAIL), MAIL))
    assert await customers.happen(join) == []
    assert customers.customers() == set()


async def test_parting_refuses_whom_it_cannot_part() -> None:
    customers = CustomersHarness()
    await customers.happen(customers.join(TELEGRAM, MAIL))
    customer = customers.customer_of(MAIL)
    unknown, stranger, everybody = (
        customers.part("none", MAIL),
        customers.part(customer, CHAT),
        customers.part(customer, MAIL, TELEGRAM),
    )
    assert await customers.happen(unknown, stranger, everybody) == []
    problems = [customers.outcome(one).problem for one in (unknown, stranger, everybody)]
    assert [(one.status, one.reason) for one in problems if one] == [
        (404, "no_customer"),
        (422, "not_of_customer"),
        (422, "parts_everybody"),
    ]


async def test_name_that_many_people_have_joins_at_most_as_many_as_a_graph_holds() -> None:
    customers = CustomersHarness()
    many = [customers.proven(f"telegram:bot{number}:{number}", "phone", PHONE, minute=number) for number in range(60)]
    await customers.happen(*many)
    assert [len(persons) for persons in customers.customers()] == [50]
    assert len(customers.graphs()) == 1


async def test_ids_of_graphs_and_references_show_no_name() -> None:
    customers = CustomersHarness()
    await customers.happen(customers.proven(TELEGRAM, "phone", PHONE))
    assert not [key for key in customers.driver.store.documents if "37120000001" in key.id]


async def test_next_owner_of_a_number_is_not_the_customer_who_had_it() -> None:
    customers, new = CustomersHarness(), "whatsapp:shop:37129999999"
    await customers.happen(
        customers.proven(TELEGRAM, "phone", PHONE),
        customers.proven(WHATSAPP, "phone", PHONE),
        customers.linked(WHATSAPP, new),
    )
    assert customers.customers() == {(TELEGRAM, WHATSAPP, new)}
    told = await customers.happen(customers.recycled(WHATSAPP, minute=9))
    assert (WHATSAPP, "parted", None) in [(person, one.change, one.customer) for person, one in told]
    await customers.happen(customers.proven(MAIL, "phone", PHONE, minute=10))
    assert not [one for one in customers.customers() if WHATSAPP in one]
