"""What each query strategy does, as the settings page says it: the registry's own words.

A copy, because the registry imports scikit-learn, which no page has a use for; a test compares.
"""

STRATEGY_SENTENCES = {
    "coverage_to_margin": "First texts that stand for many others, then more and more those of them on which the decision is close. The best choice for most projects. Looks at 2,048 texts drawn at random from a larger pool.",
    "random": "Texts in random order. Learns slower than the others on most data, but cannot mislead.",
    "least_confidence": "Texts whose likeliest class is least likely.",
    "margin": "Texts on which the two likeliest classes are closest. A good choice for most projects.",
    "entropy": "Texts whose probability is spread over the most classes.",
    "capped_margin": "Texts on which the decision is closest, spread over different kinds of text.",
    "herding": "Texts that stand for many others of which the model is unsure. Looks at 2,048 texts drawn at random from a larger pool.",
    "badge": "Texts that would change the model much, each in a different way. Looks at 3,000 texts drawn at random from a larger pool.",
    "typiclust": "The most typical text of each kind that has no label yet. Does not ask the model how sure it is, and chooses the first questions too. Looks at 2,048 texts drawn at random from a larger pool.",
    "probcover": "Texts close to the most others that no labelled text is close to. Does not ask the model how sure it is, and chooses the first questions too. Looks at 2,048 texts drawn at random from a larger pool.",
    "kmeans_seed": "A text from the middle of each kind that has no label yet. Does not ask the model how sure it is, and chooses the first questions too. Looks at 2,048 texts drawn at random from a larger pool.",
    "cal": "Texts that look like labelled ones but get another answer from the model. Looks at 5,000 texts drawn at random from a larger pool.",
    "ranked_batch": "Uncertain texts that differ from the labelled ones and from each other. Ranks 1,000 texts drawn at random from the pool, and queues 50 of them.",
    "information_density": "Uncertain texts that are like many others, so that no outlier is asked. Looks at 20,000 texts drawn at random from a larger pool.",
    "committee_vote": "Texts for which five models, trained on resampled labels, vote differently. Looks at 5,000 texts drawn at random from a larger pool.",
    "committee_consensus": "Texts on which five models, trained on resampled labels, are uncertain on average. Looks at 10,000 texts drawn at random from a larger pool.",
    "committee_disagreement": "Texts on which one of five models, trained on resampled labels, differs most from their mean. Looks at 10,000 texts drawn at random from a larger pool.",
    "expected_error": "Texts whose answer should make the model surer of all others. Trains a model for each possible answer to 32 texts drawn at random, which takes many seconds.",
    "multilabel_min_confidence": "Texts on which any one class is close to a coin toss.",
    "multilabel_avg_confidence": "Texts on which the model is least sure over all classes together.",
    "multilabel_binary_minimum": "Texts that lie nearest to the border between yes and no of any one class.",
    "multilabel_max_score": "Texts that are surest to have some class: finds examples of rare classes.",
    "multilabel_avg_score": "Texts that seem to have most classes at once.",
    "multilabel_max_loss": "Texts on which the model would be most wrong if their likeliest class were their only one.",
    "multilabel_mean_max_loss": "Texts on which the model would be most wrong, on average over the class they might have alone.",
}
