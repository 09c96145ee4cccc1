"""Which texts look English: shares, on sentences written for this test."""

from learners.engine.language import looks_english

ENGLISH = [
    "Where is the money that I sent yesterday?",
    "How do I change my password",
    "The battery died after two weeks, very disappointed.",
    "A funny and touching film with a great cast",
    "book a table for four at the Italian place tonight",
    "play some music from the eighties",
    "Prices rose again in the second quarter, the bank said.",
    "thanks, see you at 6",
    "My card was declined at the supermarket.",
    "I never received the refund you promised me",
]
OTHER = [
    "Ich möchte meine Karte sperren lassen, weil ich sie verloren habe.",
    "Wo ist mein Geld geblieben?",
    "Die Lieferung kam zwei Wochen zu spät an",
    "Je voudrais réserver une table pour deux personnes demain soir.",
    "Où est passée ma commande ?",
    "Le film était beaucoup trop long et ennuyeux",
    "我想取消我的订单",
    "这部电影非常好看，推荐给大家",
    "请问退款需要多久",
    "今日はとても寒いですね",
    "¿Dónde está mi pedido?",
    "Я хочу вернуть деньги за заказ",
    "أريد إلغاء الطلب",
    "Ik wil graag mijn abonnement opzeggen",
]


def test_english_looks_english() -> None:
    assert looks_english(ENGLISH).all()


def test_other_languages_do_not() -> None:
    assert not looks_english(OTHER).any()


def test_the_share_of_a_mixed_pool_is_right() -> None:
    assert looks_english(ENGLISH + OTHER).mean() == 10 / 24


def test_what_has_no_letters_is_no_reason_for_alarm() -> None:
    assert looks_english(["", "42 %", "👍👍", "+44 (0)20 7946 0000"]).all()


def test_very_long_texts_are_read_only_at_their_start() -> None:
    assert looks_english(["The weather is fine today. " * 200_000]).all()


def test_no_texts_give_an_empty_answer() -> None:
    assert looks_english([]).shape == (0,)
