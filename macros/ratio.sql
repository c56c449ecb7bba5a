{#
    A rate or an average: null where the denominator is 0, never an integer division.
    Eight digits, because engines round the last one differently and promise only six.
#}
{% macro ratio(numerator, denominator, data_type='numeric(18, 8)') -%}
    cast(1e0 * ({{ numerator }}) / nullif({{ denominator }}, 0) as {{ data_type }})
{%- endmacro %}
