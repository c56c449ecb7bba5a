{#
    Each of these columns is the ratio that is written beside it as `one / other`, right to the seventh digit after the
    point: null exactly where the other is 0, and then the one is 0 too, or where there is neither. The other is never
    negative. A returned row is one in which some column is not so.
#}
{% test has_ratios(model, ratios) %}

select *
from {{ model }}
where
    (
        {%- for ratio, counts in ratios.items() %}
        {%- set one, other = counts.split(' / ') %}
        ({{ ratio }} is null) = (coalesce({{ other }}, 0) = 0)
        and ({{ one }} is null) = ({{ other }} is null)
        and abs(coalesce(1e0 * {{ ratio }} * {{ other }} - {{ one }}, {{ one }}, 0))
        <= 0.0000001 * coalesce({{ other }}, 0)
        {{ 'and' if not loop.last }}
        {%- endfor %}
    ) is not true

{% endtest %}
