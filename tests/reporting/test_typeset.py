"""Symbols in pages: set with an index, spoken, and still the plain text when copied."""

import html
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import Markup, escape

from recycling.reporting.typeset import formula, spoken, typeset


def text_of(shown):
    """Text of the elements, as a browser copies it."""
    return Markup(shown).striptags()


@pytest.mark.parametrize(
    ("plain", "name"),
    [
        ("Q_tight", "Q tight"), ("ΔQ_B", "Delta Q B"), ("p_x", "p x"), ("θ_b", "theta b"),
        ("theta_b", "theta b"), ("k_B", "k B"), ("ρ_B", "rho B"), ("C_C0", "C C0"), ("T0", "T 0"),
        ("kT0", "kT 0"), ("ρ'_S", "rho prime S"),
    ],
)  # fmt: skip
def test_symbols_have_an_index_and_a_name(plain, name):
    assert spoken(plain) == name
    shown = typeset(f"({plain})")
    assert f'aria-label="{name}"' in shown
    assert "<sub>" in shown
    assert html.unescape(text_of(shown)) == f"({plain.replace('theta', 'θ')})"


@pytest.mark.parametrize(
    ("text", "symbols"),
    [
        ("ratio (ΔQ_B − Q_tight)/Q_tight for all θ_b", 4),
        ("ΔQ_B/kT0 − ΔS + F(ρ_B)/kT0 ≥ 0", 4),
        ("S(ρ'_S) + S(ρ'_B) ≥ 0", 2),
        ("what depends on T0. Dotted: ΔQ_B T_amb/T0 at 300 K.", 4),
    ],
)
def test_symbols_are_set_in_formulas_and_at_the_end_of_a_sentence(text, symbols):
    shown = typeset(text)
    assert shown.count("<sub>") == symbols
    assert html.unescape(text_of(shown)) == text


@pytest.mark.parametrize(
    "plain",
    [
        "feedforward_latency", "ibm_kawasaki", "sweep.p_x", "results.nc", "inference.theta_b = 0.4",
        "t1[B]", "fig4b-recycling", "shots/trial_1.npz", "T1[C_I]", "a/T1",
        "a/p_x", "a/T0.nc",
    ],
)  # fmt: skip
def test_keys_and_names_of_files_stay(plain):
    assert str(typeset(plain)) == plain
    assert formula(plain) == plain


@settings(max_examples=100)
@given(st.text(alphabet="QTkpxΔθ_B01 &.αt(<>)/'") | st.text(max_size=30))
def test_any_text_is_escaped_and_kept(text):
    """No markup gets in from the text, and its text comes out again."""
    shown = str(typeset(text))
    bare = re.sub(
        r'</?(span|i|s|sub)( class="symbol" role="math" aria-label="[^"<>]*")?>', "", shown
    )
    assert "<" not in bare
    assert ">" not in bare
    assert html.unescape(bare) == html.unescape(str(escape(text)))


def test_labels_of_figures_are_formulas():
    assert formula("ΔQ_B − Q_tight (hf)") == r"$\Delta Q_{B}$ − $Q_{\mathrm{tight}}$ (hf)"
    assert formula("θ_b (rad)") == r"$\theta_{b}$ (rad)"
    assert formula(r"$p_x$") == r"$p_x$"
