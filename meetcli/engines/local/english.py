"""Local engine: English cue phrases. Closed lists on purpose: a missed item costs less trust than an invented one."""

from __future__ import annotations

import re

from meetcli.engines.local.cues import ActionCue, Cues, anywhere, at_start

_VERBS = (
    r"add|analy[sz]e|arrange|ask (?!you|that|on\b|the question|a question)|book|bring|call (?!it|this|that|on)|cancel|check|circulate"
    r"|collect|compile|complete|confirm(?! that)|contact|coordinate|create|deliver|document|double[- ]check|draft|e-?mail|escalate|evaluate"
    r"|file|finali[sz]e|find out|finish|fix|follow up|forward|get back|implement|investigate|look into|make sure|order|organi[sz]e|pay|ping"
    r"|prepare|present|print|propose|provide|publish|put together|reach out|register|remove|replace|report|reschedule|research|review"
    r"|revise|schedule|send|set up|share|sign|speak (?:to|with)|submit|talk (?:to|with)|test|transfer|update|upload|write"
)
_SOFTLY = r"(?:(?:also|just|then|now|definitely|certainly|personally|please|maybe|kindly|probably|go ahead and|try (?:to|and))\s+){0,2}"
_TASK = rf"\s+{_SOFTLY}(?P<what>(?:{_VERBS})\b.*)"

_DAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_TIME = r"(?:\s+(?:morning|afternoon|evening))?"
_MONTH = r"(?:january|february|march|april|may|june|july|august|september|october|november|december)"
_ORDINAL = r"(?:st|nd|rd|th)"
_DATE = (
    rf"(?:{_MONTH}\s+\d{{1,2}}{_ORDINAL}?|\d{{1,2}}\s+{_MONTH}"
    rf"|(?:the\s+)?(?:\d{{1,2}}{_ORDINAL}(?:\s+of\s+{_MONTH})?|[\w-]+{_ORDINAL}\s+of\s+{_MONTH}))"
)
_PERIOD = r"(?:day|week|month|quarter|year)"
_COUNT = r"(?:\d{1,2}|a|one|two|three|four|five|six|ten)"
_END = rf"(?:the\s+)?end\s+of\s+(?:the\s+|this\s+|next\s+)?(?:{_DAY}|{_PERIOD}|{_MONTH})"
_NEXT = rf"(?:next|this|coming)\s+(?:{_DAY}|week|month|quarter)"
_TOMORROW = rf"tomorrow{_TIME}|today|tonight"

CUES = Cues(
    actions=(
        ActionCue(
            anywhere(r"I(?:'ll| will| shall|'m going to| am going to|'m gonna)" + _TASK), "speaker", is_firm=True
        ),
        ActionCue(anywhere(r"I (?:have to|need to|must|can|could|might|may)" + _TASK), "speaker", is_firm=False),
        ActionCue(anywhere(r"(?:can|could|would|will) you" + _TASK), "addressee", is_firm=False),
        ActionCue(anywhere(r"I(?:'d like| would like| need| want) you to" + _TASK), "addressee", is_firm=False),
        ActionCue(anywhere(r"please(?:\s+also)?" + _TASK), "addressee", is_firm=False),
        ActionCue(
            anywhere(r"(?P<name>\w+)(?:'ll| will| is going to| has to| needs to)" + _TASK), "named", is_firm=True
        ),
        ActionCue(anywhere(r"we(?:'ll| will|'re going to| are going to)" + _TASK), "nobody", is_firm=True),
        ActionCue(
            anywhere(r"(?:we|somebody|someone) (?:needs? to|have to|has to|should|must)" + _TASK),
            "nobody",
            is_firm=False,
        ),
    ),
    doubt=anywhere("maybe", "perhaps", "might", "possibly", "probably", "try (?:to|and)", "I think", "if", "unless"),
    condition=anywhere("if (?:possible|I can|we can|I have time|there's time|you (?:like|want))"),
    acceptance=at_start(
        r"(?:yes|yeah|yep|sure|of course|will do|okay|ok|absolutely|certainly|no problem|happy to|definitely)\b"
        r"(?!.*\b(?:but|can't|cannot)\b)"
    ),
    due=anywhere(
        rf"(?:by|before|until|on|no later than)\s+(?:{_END}|{_NEXT}|{_TOMORROW}|{_DAY}{_TIME}|{_DATE}|noon|EOD)",
        rf"(?:with)?in\s+(?:the\s+next\s+)?{_COUNT}\s+(?:business\s+|working\s+)?{_PERIOD}s?",
        rf"{_COUNT}\s+{_PERIOD}s?\s+from\s+now",
        rf"(?:at\s+)?{_END}",
        _NEXT,
        _TOMORROW,
        "this (?:morning|afternoon|evening)|as soon as possible|asap",
    ),
    decision=anywhere(
        "we(?:'ve| have)? (?:all )?(?:decided|agreed|settled on|concluded)",
        "it(?:'s| is| was|'s been| has been) (?:decided|agreed|approved)",
        "so it's (?:settled|agreed)|(?:we're|we are) agreed",
        "let's go (?:with|for)|then we go with",
        "we(?:'ll|'re going to| will| are going to) (?:go with|go for|stick with|stay with|drop|postpone)",
        "(?:the|our|my) (?:final )?decision (?:is|was)",
        "motion (?:is |was )?(?:carried|passed|adopted|agreed to)",
        "agreed to (?:go|use|keep|drop|move)",
    ),
    not_yet=anywhere("not", r"\w+n't", "never", "nothing", "if", "unless", "should", "could", "before we"),
    rationale=re.compile(r"(?i)\b(?:because|given that|so that|in order to|due to)\b.*"),
    open_question=anywhere(
        "still (?:need|have) to (?:decide|find out|figure out|work out|clarify|determine)",
        "(?:is|remains|are) (?:still )?(?:an )?open questions?",
        "(?:still|not) (?:clear|unclear|decided) (?:yet|whether|if|how|who|what|when)",
        "we (?:still )?(?:don't|do not) (?:yet )?know (?:yet|whether|if|how|who|when)",
        "to be (?:decided|determined|confirmed)",
        "remains to be seen",
    ),
    no_answer=at_start(
        "(?:I'm |I am )?not sure",
        "(?:I|we) (?:don't|do not) know",
        "good question",
        "no idea",
        "I(?:'ll| will) (?:check|find out|get back)",
        "we(?:'ll| will) have to (?:see|check)",
    ),
    risks=(
        (
            "high",
            anywhere(
                "critical (?:issue|risk|problem|bug)|show-?stopper|blocker|we(?:'re| are) blocked|unacceptable",
                "lawsuit|legal action|(?:data|security) breach|data loss|fraud",
                "(?:cancel|terminate|close) (?:the|my|our|their) (?:contract|account|project|subscription)",
                "miss(?:ed)? the deadline|lose the (?:client|customer|deal)|default(?:ed)? on",
            ),
        ),
        (
            "medium",
            anywhere(
                "(?:big|main|major|real|serious|biggest) (?:risk|concern|problem|issue|worry)|(?:my|our) concern",
                "at risk|(?:the|a) risk|risk of|risky|(?:I'm|I am|we're|we are|very|quite) (?:concerned|worried)",
                "(?:some|further|any|more|serious) delays?|delays (?:in|to|with)|(?:is|are|been|be|was|were) delayed",
                "behind schedule|over budget|running out of|shortage",
            ),
        ),
        (
            "low",
            anywhere(
                "(?:might|may) not work|not sure (?:we|it|that) (?:can|will)|could (?:become|be) (?:a|an) (?:problem|issue)",
                "bottleneck|tight (?:deadline|schedule|budget)",
            ),
        ),
    ),
    no_risk=anywhere(
        "no (?:\\w+ )?(?:risk|delay|concern|problem|issue)s?",
        "not (?:be )?(?:concerned|worried|delayed|a (?:\\w+ )?(?:risk|concern|problem))",
        "(?:isn't|aren't|wasn't|weren't|shouldn't be) (?:a |any )?(?:\\w+ )?(?:risk|delay|concern|problem|issue|delayed|worried)s?",
        "without (?:any|risk|delay)",
    ),
)
